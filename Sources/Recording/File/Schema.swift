/// The tables of a recording. docs/recording.md explains them to those who open one in SQL.
enum Schema {
  /// "RUNR" in ASCII, the `PRAGMA application_id` that marks a file as a recording.
  static let applicationID: Int32 = 0x5255_4E52

  /// Instants are seconds since the run started. `position` is an element's place in its list (`Listed`).
  ///
  /// The view quotes `at`, which is a keyword in DuckDB.
  ///
  /// The key of `sample` begins with the instant and is the order of its rows on the disk. So each sample is appended
  /// to the table's last page.
  static let sql = """
    CREATE TABLE run (
      plan_name TEXT NOT NULL,
      plan_file TEXT NOT NULL,
      plan_text TEXT NOT NULL,
      effective_plan TEXT NOT NULL,
      seed TEXT NOT NULL,
      program_version TEXT NOT NULL,
      started TEXT NOT NULL,
      hostname TEXT NOT NULL,
      duration REAL,
      complete INTEGER NOT NULL,
      interrupted INTEGER NOT NULL,
      fault TEXT,
      verdict TEXT
    );
    CREATE TABLE plan_override (
      position INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      value TEXT NOT NULL
    );
    CREATE TABLE plan_attachment (
      position INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      content BLOB NOT NULL
    );
    CREATE TABLE host_fact (
      position INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      value TEXT NOT NULL
    );
    CREATE TABLE phase (
      position INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      kind TEXT NOT NULL,
      title TEXT NOT NULL,
      plan_line INTEGER NOT NULL,
      goal INTEGER,
      planned_rate REAL,
      started REAL,
      ended REAL,
      opened_until REAL,
      outcome TEXT NOT NULL,
      established INTEGER NOT NULL,
      accepted INTEGER NOT NULL,
      phantom INTEGER NOT NULL,
      failures INTEGER NOT NULL,
      ceiling INTEGER,
      dropped INTEGER,
      recovery REAL,
      remark TEXT NOT NULL,
      promised INTEGER,
      missed INTEGER,
      tolerance REAL,
      lost_beside INTEGER,
      aborted_by TEXT,
      aborted_at REAL
    );
    CREATE TABLE search_step (
      position INTEGER PRIMARY KEY,
      phase TEXT NOT NULL,
      at REAL NOT NULL,
      goal INTEGER NOT NULL,
      held INTEGER NOT NULL,
      outcome TEXT NOT NULL,
      reason TEXT NOT NULL
    );
    CREATE TABLE worker (
      position INTEGER PRIMARY KEY,
      id INTEGER NOT NULL,
      "end" TEXT NOT NULL,
      pid INTEGER NOT NULL,
      endpoint TEXT,
      connections INTEGER NOT NULL,
      user_time REAL NOT NULL,
      system_time REAL NOT NULL,
      private_bytes INTEGER,
      exit_code INTEGER,
      signal INTEGER
    );
    CREATE TABLE series (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      label TEXT NOT NULL,
      unit TEXT NOT NULL,
      kind TEXT NOT NULL,
      UNIQUE (name, label)
    );
    CREATE TABLE sample (
      at REAL NOT NULL,
      series INTEGER NOT NULL REFERENCES series (id),
      value REAL NOT NULL,
      PRIMARY KEY (at, series)
    ) WITHOUT ROWID;
    CREATE VIEW reading AS
      SELECT "at", name, label, value, unit, kind
      FROM sample JOIN series ON series.id = sample.series;
    CREATE TABLE histogram (
      id INTEGER PRIMARY KEY,
      metric TEXT NOT NULL,
      phase TEXT NOT NULL,
      started REAL NOT NULL,
      ended REAL NOT NULL,
      count INTEGER NOT NULL,
      p50 INTEGER,
      p99 INTEGER,
      maximum INTEGER,
      buckets BLOB NOT NULL
    );
    CREATE TABLE drive (
      id INTEGER PRIMARY KEY,
      worker INTEGER NOT NULL,
      entries BLOB NOT NULL
    );
    CREATE TABLE replay (
      position INTEGER PRIMARY KEY,
      original TEXT NOT NULL,
      original_started TEXT NOT NULL,
      speed REAL NOT NULL,
      from_phase TEXT,
      arrivals INTEGER,
      arrivals_missed INTEGER,
      late_p50 REAL,
      late_p99 REAL,
      late_max REAL,
      furthest REAL,
      messages INTEGER,
      messages_missed INTEGER
    );
    CREATE TABLE failure (
      position INTEGER PRIMARY KEY,
      "end" TEXT NOT NULL,
      worker INTEGER,
      phase TEXT NOT NULL,
      syscall TEXT NOT NULL,
      errno INTEGER,
      errno_name TEXT,
      errno_text TEXT,
      count INTEGER NOT NULL,
      first_instant REAL NOT NULL,
      established INTEGER NOT NULL,
      accepted INTEGER NOT NULL,
      source TEXT,
      endpoint TEXT,
      stopped REAL,
      retried INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE limit_reached (
      position INTEGER PRIMARY KEY,
      "end" TEXT NOT NULL,
      worker INTEGER,
      phase TEXT NOT NULL,
      plan_line INTEGER NOT NULL,
      syscall TEXT,
      errno INTEGER,
      errno_name TEXT,
      errno_text TEXT,
      resource TEXT NOT NULL,
      count INTEGER NOT NULL,
      first_instant REAL NOT NULL,
      established INTEGER NOT NULL,
      accepted INTEGER NOT NULL,
      source TEXT,
      endpoint TEXT,
      knob TEXT,
      now INTEGER,
      needed INTEGER,
      fix TEXT,
      predicted INTEGER,
      stopped REAL
    );
    CREATE TABLE limit_evidence (
      position INTEGER PRIMARY KEY,
      limit_reached INTEGER NOT NULL REFERENCES limit_reached (position),
      name TEXT NOT NULL,
      value TEXT NOT NULL
    );
    CREATE TABLE prediction_term (
      position INTEGER PRIMARY KEY,
      "end" TEXT NOT NULL,
      resource TEXT NOT NULL,
      connections INTEGER NOT NULL,
      reason TEXT NOT NULL,
      binds INTEGER NOT NULL
    );
    CREATE TABLE threshold (
      position INTEGER PRIMARY KEY,
      text TEXT NOT NULL,
      plan_line INTEGER NOT NULL,
      passed INTEGER NOT NULL,
      value REAL,
      reason TEXT NOT NULL
    );
    """
}
