// What only the browser knows or can do. Loaded once per circuit by Browser.cs.
const themeKey = 'gnn-theme';
const systemDark = matchMedia('(prefers-color-scheme: dark)');

export function start(listener) {
  systemDark.addEventListener('change', change => {
    paint(localStorage.getItem(themeKey));
    listener.invokeMethodAsync('SystemThemeChanged', change.matches).catch(() => { });
  });
  return {
    theme: localStorage.getItem(themeKey) ?? 'System',
    systemIsDark: systemDark.matches,
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    offsetMinutes: new Date().getTimezoneOffset(),
  };
}

export function rememberTheme(theme) {
  localStorage.setItem(themeKey, theme);
  paint(theme);
}

export async function copy(text) {
  // The clipboard API exists on https and localhost only; many dashboards are opened by plain http in a lab.
  if (navigator.clipboard) {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* not permitted: try the old way */ }
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}

function paint(theme) {
  document.documentElement.dataset.theme = theme === 'Dark' || (theme !== 'Light' && systemDark.matches) ? 'dark' : 'light';
}
