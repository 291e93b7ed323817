/** The command line was not understood. */
export class UsageError extends Error {}

/** A command could not do what it was told; the message says why. */
export class CommandError extends Error {}
