import { told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';

describe('GET /api/status', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  it.each([undefined, 'junk'])('says Ok, whatever the credential: %s', async (token) => {
    expect(told(await app.http.get('/api/status', { token }))).toEqual({
      status: 200,
      body: {
        date: app.clock.now().toISOString(),
        message: 'Ok',
        emailConfigured: false,
        inviteOnlySignup: true,
        redisConfigured: false,
        secretScanningConfigured: false,
        auditLogStorageDisabled: false,
        maxIdentityAccessTokenTTL: 315_360_000,
      },
    });
  });
});
