import config from './jest.config.mjs';

/** The long form of the fault suite, alone on the machine. */
export default {
  ...config,
  roots: ['<rootDir>/test/faults'],
  maxWorkers: 1,
  globals: { faultsForm: 'long' },
};
