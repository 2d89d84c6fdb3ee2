global using NUnit.Framework;
global using Spoco.Kernels;
