// Before the first paint: the theme that was chosen here or in the playground.
const theme = localStorage.getItem('arkloop.theme');
if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
