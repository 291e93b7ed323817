const path = require('node:path');

const WHOLE = path.join(path.dirname(require.resolve('libphonenumber-js/package.json')), 'max/index.cjs');

/** The package, which is loaded when it is used first: class-validator asks for its half a megabyte in any case. */
module.exports = new Proxy({}, { get: (_target, name) => (name === '__esModule' ? true : require(WHOLE)[name]) });
