using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Tests.Segmentation;

/// <summary>Volumes in memory where block-wise segmentation reads and writes them.</summary>
internal static class MemoryVolumes
{
    /// <summary>All labels, read box by box, in boxes that are not the blocks.</summary>
    public static int[] Of(BlockwiseLabels labels)
    {
        var all = new int[labels.Whole.VoxelCount];
        foreach (var slab in labels.Whole.Slabs(3 * (long)labels.Whole.Height * labels.Whole.Width))
            labels.Read(slab, all.AsSpan(slab.Z * slab.Height * slab.Width, (int)slab.VoxelCount));
        return all;
    }

    /// <summary>[C, D, H, W] as [D, H, W, C].</summary>
    public static Volume<float> ChannelsLast(float[] planes, int depth, int height, int width, int channels)
    {
        var volume = new Volume<float>(depth, height, width, channels);
        for (var i = 0; i < planes.Length; i++)
            volume.Data[i % volume.VoxelCount * channels + i / volume.VoxelCount] = planes[i];
        return volume;
    }
}

/// <summary>Reads a volume that is in memory; counts, and fails where it is told to.</summary>
internal sealed class MemoryReader<T>(Volume<T> volume) : IVolumeReader<T> where T : unmanaged
{
    public int Depth => volume.Depth;

    public int Height => volume.Height;

    public int Width => volume.Width;

    public int Channels => volume.Channels;

    public int Reads { get; set; }

    public int FailAfter { get; set; } = int.MaxValue;

    public void Read(VoxelBox box, Span<T> values)
    {
        if (Reads++ >= FailAfter)
            throw new IOException("the disk is gone");
        volume.Crop(box.Z, box.Y, box.X, box.Depth, box.Height, box.Width).Data.CopyTo(values);
    }
}
