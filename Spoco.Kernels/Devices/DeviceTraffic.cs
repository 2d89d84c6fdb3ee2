namespace Spoco.Kernels;

/// <summary>
/// What the host has asked of an ILGPU device so far. On a GPU a launch takes about 5 us and a read 20 us, as it waits for all launches before it: small problems are bound by
/// their number. Counted by the thread that uses the device.
/// </summary>
internal struct DeviceTraffic
{
    /// <summary>Kernels launched.</summary>
    public int Launches;

    /// <summary>Copies to host memory.</summary>
    public int Reads;

    /// <summary>Copies from host memory.</summary>
    public int Writes;

    /// <summary>Buffers set to zero.</summary>
    public int Clears;

    /// <summary>What was asked since <paramref name="before"/>.</summary>
    public readonly DeviceTraffic Since(DeviceTraffic before) => new()
    {
        Launches = Launches - before.Launches, Reads = Reads - before.Reads, Writes = Writes - before.Writes, Clears = Clears - before.Clears,
    };

    /// <inheritdoc/>
    public override readonly string ToString() => $"{Launches} launches, {Clears} clears, {Reads} reads, {Writes} writes";
}
