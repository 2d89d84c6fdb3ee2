using Spoco.Tests.Cuda;

namespace Spoco.Tests;

/// <summary>With SPOCO_PTX=1, <c>cuda:0</c> is the driver that interprets kernels; else it is a card, where there is one.</summary>
[SetUpFixture]
public sealed class DriverSetUp
{
    /// <summary>Whether <c>cuda:0</c> is interpreted.</summary>
    public static bool IsInterpreted => Environment.GetEnvironmentVariable("SPOCO_PTX") == "1";

    [OneTimeSetUp]
    public void Install()
    {
        if (!IsInterpreted)
            return;
        // Times of an interpreter say nothing of tiles, and are not to be kept on disk.
        Environment.SetEnvironmentVariable("SPOCO_TUNE", "0");
        if (!CudaDriver.Install())
            throw new PlatformNotSupportedException("SPOCO_PTX=1: a driver in a file of its own can be loaded on Linux (x64, arm64) alone.");
    }
}
