/**
 * The keys of PostgreSQL's advisory locks that the service takes, or their first halves where the second says of what.
 * They begin with "tok" in ASCII, and no two are the same, so that no use of such locks meets another.
 */
export const MIGRATION_LOCK = 0x746f_6b30;
export const KEY_UPKEEP_LOCK = 0x746f_6b31;
export const MANAGEMENT_LOCK = 0x746f_6b32;
export const GATE_LOCK = 0x746f_6b33;
export const RETENTION_LOCK = 0x746f_6b34;
/** Held for an instant to find out whether two connections lead to the same database. */
export const PROBE_LOCK = 0x746f_6b35;
