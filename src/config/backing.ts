/** What a start finds out before the service can be built: where its database is and what opens its keys. */
export class Backing {
  constructor(
    readonly databaseUrl: string,
    /** 32 bytes each; the first seals, all open. */
    readonly keyEncryptionKeys: readonly Buffer[],
  ) {}
}
