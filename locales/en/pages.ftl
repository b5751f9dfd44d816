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

preparing-title = Preparing your Studio
preparing-lead = { $destination }: this takes up to a minute the first time, and a moment from then on.
preparing-signing-in = Signing you in with AWS
preparing-looking = Looking for your Studio profile
preparing-creating = Creating your Studio profile
preparing-waiting = Waiting until it is ready
preparing-space = Preparing your space
preparing-opening = Opening Studio
preparing-notebook-title = Preparing your notebook instance
preparing-notebook-lead = { $destination }: an instance that is stopped takes some minutes to start. One that runs opens in a moment.
preparing-notebook-looking = Looking for your notebook instance
preparing-notebook-starting = Starting your notebook instance
preparing-notebook-opening = Opening your notebook instance
preparing-lost = The connection was lost. What has been started goes on: press Continue.
preparing-by-itself = This page goes on by itself in a few seconds.
preparing-by-hand = Press Continue, and wait until Studio opens.
preparing-close = You can close this page: what has been started goes on, and your next sign-in finds it.
preparing-go-on = Continue

signed-out-title = You are signed out
signed-out-lead = Your sign-in to Studio has ended here.
signed-out-idp = Your company's sign-in may still know you. On a shared computer, sign out there too and close the browser.
signed-out-again = Sign in again
