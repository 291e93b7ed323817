import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A directory with the certificate and the key that a service is given, and with others to put in their place. */
export class TlsFiles {
  private constructor(private readonly directory: string) {}

  static async create(): Promise<TlsFiles> {
    return new TlsFiles(await mkdtemp(join(tmpdir(), 'token-auth-tls-')));
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** The variables that name what `use` puts there. */
  get env(): { TLS_CERT_FILE: string; TLS_KEY_FILE: string } {
    return { TLS_CERT_FILE: this.path('tls.crt'), TLS_KEY_FILE: this.path('tls.key') };
  }

  /** Makes a certificate of its own, good for so many days, and its key, in files of that name. */
  async make(name: string, days = 30): Promise<{ cert: string; key: string }> {
    const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
      keyType: 'ec',
      curve: 'P-256',
      notAfterDate: new Date(Date.now() + days * 86_400_000),
    });
    await writeFile(this.path(`${name}.crt`), cert);
    await writeFile(this.path(`${name}.key`), key);
    return { cert, key };
  }

  /** Has the service find what was made by that name. */
  async use(name: string): Promise<void> {
    await copyFile(this.path(`${name}.crt`), this.path('tls.crt'));
    await copyFile(this.path(`${name}.key`), this.path('tls.key'));
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }
}
