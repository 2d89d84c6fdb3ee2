using ILGPU;
using ILGPU.Runtime;
using Spoco.Kernels;

namespace Spoco.Tests.Interleavings;

/// <summary>Memory of ILGPU's simulator, which kernels can be played on.</summary>
internal sealed class PlayedBuffers : IDisposable
{
    private readonly List<(DeviceMemory Memory, long Start, long Bytes)> _buffers = [];

    /// <summary>A view of memory that holds the values.</summary>
    public ArrayView<T> Of<T>(T[] values) where T : unmanaged
    {
        var buffer = TestDevices.Open("ilgpu-cpu").Allocate<T>(values.Length, "play");
        buffer.CopyFrom(values);
        _buffers.Add((buffer.Memory, buffer.View.LoadEffectiveAddressAsPtr(), buffer.View.LengthInBytes));
        return buffer.View;
    }

    /// <summary>Lets a player reach this memory only.</summary>
    public void Bound(Player player)
    {
        foreach (var (_, start, bytes) in _buffers)
            player.Memory.Allow(start, bytes);
    }

    /// <summary>What stands in memory now.</summary>
    public static unsafe T[] Read<T>(ArrayView<T> view) where T : unmanaged =>
        new ReadOnlySpan<T>((void*)view.LoadEffectiveAddressAsPtr(), view.IntLength).ToArray();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (memory, _, _) in _buffers)
            memory.Dispose();
    }
}
