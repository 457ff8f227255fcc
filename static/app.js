// What pages do beyond links and forms, asked for by data attributes. Everything here has a way without it.
document.documentElement.dataset.scripted = "";
