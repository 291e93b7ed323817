/**
 * Our own sources name the file that a module is compiled to; this finds the one that it is compiled from. What
 * packages ask for is left to Jest, which would otherwise look for a TypeScript file at each of their imports.
 */
module.exports = (request, options) => {
  const isOurs = request.startsWith('.') && request.endsWith('.js') && !options.basedir.includes('/node_modules/');
  return options.defaultResolver(isOurs ? `${request.slice(0, -2)}ts` : request, options);
};
