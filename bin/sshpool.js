#!/usr/bin/env node
require('../dist/program/cli.cjs');
