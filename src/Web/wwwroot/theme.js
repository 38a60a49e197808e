// Runs before the first paint, so that a dark page is never white for a moment.
(() => {
  const theme = localStorage.getItem('gnn-theme');
  const dark = theme === 'Dark' || (theme !== 'Light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
