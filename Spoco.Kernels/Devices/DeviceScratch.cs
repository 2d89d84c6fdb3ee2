namespace Spoco.Kernels.Primitives;

/// <summary>Pooled memory of one computation on an ILGPU device, returned as a whole.</summary>
internal sealed class DeviceScratch(IlgpuDevice gpu, string owner) : IDisposable
{
    private readonly HashSet<DeviceMemory> _taken = [];

    /// <summary>The device.</summary>
    public IlgpuDevice Gpu => gpu;

    /// <summary>Memory on a device that is known to run kernels.</summary>
    /// <exception cref="DeviceException">It is the host, which has none.</exception>
    public static DeviceScratch On(ComputeDevice device, string owner) =>
        new(device as IlgpuDevice ?? throw new DeviceException($"{owner}: {device.Name} runs no kernels; give opencl:0, cuda:0 or ilgpu-cpu."), owner);

    /// <summary>Takes memory with undefined contents; at least one element, so that every view is valid.</summary>
    public DeviceBuffer<T> Take<T>(long length) where T : unmanaged
    {
        var buffer = gpu.Allocate<T>(Math.Max(1, length), owner);
        _taken.Add(buffer.Memory);
        return buffer.Slice(0, length);
    }

    /// <summary>Takes memory with every byte 0.</summary>
    public DeviceBuffer<T> TakeCleared<T>(long length) where T : unmanaged
    {
        var buffer = Take<T>(length);
        buffer.Clear();
        return buffer;
    }

    /// <summary>Takes memory with the given contents.</summary>
    public DeviceBuffer<T> Upload<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        var buffer = Take<T>(values.Length);
        buffer.CopyFrom(values);
        return buffer;
    }

    /// <summary>Returns memory before the end of the computation. Later launches wait for those that use it.</summary>
    public void Return<T>(DeviceBuffer<T> buffer) where T : unmanaged
    {
        if (_taken.Remove(buffer.Memory))
            buffer.Memory.Dispose();
    }

    /// <summary>Threads for <paramref name="count"/> elements in pieces of <paramref name="size"/>.</summary>
    public static int Pieces(long count, int size) => (int)((count + size - 1) / size);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var memory in _taken)
            memory.Dispose();
        _taken.Clear();
    }
}
