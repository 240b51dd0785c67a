import { render } from 'preact';
import './styles/tokens.css';
import './styles/components.css';
import { make_app } from './state/app';
import { AppContext } from './ui/context';
import { Shell } from './ui/shell';

const app = await make_app();
app.start();
render(
  <AppContext.Provider value={app}>
    <Shell />
  </AppContext.Provider>,
  document.getElementById('root')!,
);
