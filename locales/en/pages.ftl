# What stands on every page, and the small pages. In every language, the name is the language's own.
language-name = English
page-languages = Language
page-contact = Questions? Ask { $contact }.

home-title = Sign in
home-heading = Sign in to { $brand }
home-lead = Sign in with your company account, and your Studio opens.
home-sign-in = Sign in
home-sign-in-with = Sign in with { $idp }
home-several = Choose the sign-in that you use at work.
home-portal = Open Studio from your company's sign-in portal: sign-ins begin there.

sending-title = Signing in
sending-lead = One moment: you are on your way to your company's sign-in.
sending-go-on = Go on

signed-out-title = You are signed out
signed-out-lead = Your sign-in to Studio has ended here.
signed-out-idp = Your company's sign-in may still know you. On a shared computer, sign out there too and close the browser.
signed-out-again = Sign in again
