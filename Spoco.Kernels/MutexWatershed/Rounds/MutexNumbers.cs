using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>The numbers that a segmentation counts on an ILGPU device, in one buffer: the host reads all of them at once, a few times per round.</summary>
internal sealed class MutexNumbers
{
    /// <summary>Levels of a tree, which at least halve, and the ends of the last.</summary>
    public const int Levels = 34;

    private readonly DeviceBuffer<int> _there;
    private readonly int[] _here;

    /// <summary>Takes the memory; nothing is refused.</summary>
    public MutexNumbers(DeviceScratch scratch, int channels)
    {
        _here = new int[2 + 2 + 2 + 3 + Levels + 1 + Math.Max(1, channels)];
        _here[0] = -1;
        _there = scratch.Upload<int>(_here);
    }

    /// <summary>The first voxel or edge whose value is not finite; all bits set = none.</summary>
    public ArrayView<uint> Refused => _there.Slice(0, 1).View.Cast<uint>();

    /// <summary>The largest attractive weight, as a monotone integer.</summary>
    public ArrayView<uint> Maximum => _there.Slice(1, 1).View.Cast<uint>();

    /// <summary>0 and the number of groups of a level of the tree.</summary>
    public DeviceBuffer<int> Groups => _there.Slice(2, 2);

    /// <summary>0 and the number of clusters.</summary>
    public DeviceBuffer<int> Clusters => _there.Slice(4, 2);

    /// <summary>0, the number of pairs that attract, and the number of all pairs.</summary>
    public DeviceBuffer<int> Pairs => _there.Slice(6, 3);

    /// <summary>Where the levels of the tree start.</summary>
    public DeviceBuffer<int> Starts => _there.Slice(9, Levels);

    /// <summary>Edges between clusters in the rows before each, and in all.</summary>
    public DeviceBuffer<int> Crossings(int rows) => _there.Slice(9 + Levels, rows + 1);

    /// <summary>Waits for the kernels that count.</summary>
    public void Read() => _there.CopyTo(_here);

    /// <summary>What was read last of a window of the numbers.</summary>
    public ReadOnlySpan<int> Of(DeviceBuffer<int> window) => _here.AsSpan((int)(window.Offset - _there.Offset), (int)window.Length);

    /// <summary>The first voxel or edge that was refused when the numbers were read; -1 = none.</summary>
    public long FirstRefused => _here[0] == -1 ? -1 : (uint)_here[0];
}
