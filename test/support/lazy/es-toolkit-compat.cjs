/** The package, each function of which is loaded when it is used first: all of them are 428 files for each test file. */
module.exports = new Proxy(
  {},
  {
    get: (loaded, name) =>
      name === '__esModule' ? true : (loaded[name] ??= require(`es-toolkit/compat/${String(name)}`)),
  },
);
