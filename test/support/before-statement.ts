import { MintBatches } from '../../src/access-token/mint/mint-batches.service.js';
import type { ProposedMint } from '../../src/access-token/mint/proposed-mint.js';
import type { TestApp } from './test-app.js';

/** Does something once between the judgement of a mint and its statement. */
export function beforeStatement(app: TestApp, act: (proposed: ProposedMint) => Promise<unknown>): jest.SpyInstance {
  const batches = app.nest.get(MintBatches);
  const mint = batches.mint.bind(batches);
  return jest.spyOn(batches, 'mint').mockImplementationOnce(async (...proposed) => {
    await act(proposed[0]);
    return mint(...proposed);
  });
}
