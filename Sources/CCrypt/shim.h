#pragma once
// libxcrypt's crypt(3), for bcrypt: part of every Debian.
#include <crypt.h>
