using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>One channel of a <see cref="MutexGrid"/> as its kernels see it.</summary>
internal struct MutexChannel
{
    /// <summary>Extents of the image.</summary>
    public int Depth, Height, Width;

    /// <summary>Step to the partner, and the difference of the flat indices; both 0 where the offset does not fit the image.</summary>
    public int Z, Y, X, Linear;

    /// <summary>Number of the channel.</summary>
    public int Channel;

    /// <summary>Priority = Scale * w + Shift.</summary>
    public float Scale, Shift;

    /// <summary>Only every StrideZ-th, StrideY-th, StrideX-th voxel has an edge, or, drawn at random, one out of their product.</summary>
    public int StrideZ, StrideY, StrideX, IsRandom;

    /// <summary>Draws the random edges.</summary>
    public ulong Seed;

    /// <summary>2 delta_d.</summary>
    public float Reach;

    /// <summary>Channels of an embedding.</summary>
    public int Dimensions;

    /// <summary>Whether there is a mask.</summary>
    public int HasMask;

    /// <summary>Voxels of the image.</summary>
    public readonly int Voxels => Depth * Height * Width;

    /// <summary>
    /// The channels of a grid. One without offsets has one channel all the same, whose edges do not exist: kernels read the extents there.
    /// </summary>
    /// <param name="grid">The grid.</param>
    /// <param name="hasMask">Whether there is a mask.</param>
    /// <param name="reach">2 delta_d; 0 where weights are given.</param>
    /// <param name="dimensions">Channels of an embedding; 0 where weights are given.</param>
    internal static MutexChannel[] Of(MutexGrid grid, bool hasMask, float reach, int dimensions)
    {
        var channels = new MutexChannel[Math.Max(1, grid.Offsets.Length)];
        for (var c = 0; c < channels.Length; c++)
        {
            var attractive = c < grid.Attractive;
            var linear = c < grid.Linear.Length ? grid.Linear[c] : 0;
            var offset = linear != 0 ? grid.Offsets[c] : default;
            channels[c] = new MutexChannel
            {
                Depth = grid.Depth, Height = grid.Height, Width = grid.Width,
                Z = offset.Z, Y = offset.Y, X = offset.X, Linear = linear, Channel = c,
                Scale = !attractive || grid.AttractiveShift is null ? 1 : grid.AttractiveScale,
                Shift = attractive ? grid.AttractiveShift ?? 0 : grid.RepulsiveShift,
                StrideZ = attractive ? 1 : grid.Strides.Z, StrideY = attractive ? 1 : grid.Strides.Y, StrideX = attractive ? 1 : grid.Strides.X,
                IsRandom = !attractive && grid.RandomStrides ? 1 : 0, Seed = grid.Seed,
                Reach = reach, Dimensions = dimensions, HasMask = hasMask ? 1 : 0,
            };
        }

        return channels;
    }

    /// <summary>Whether an edge starts at a voxel: both ends in the image and in the mask, and not left out.</summary>
    internal static bool HasEdge(int i, MutexChannel channel, ArrayView<byte> mask)
    {
        if (channel.Linear == 0)
            return false;
        var x = i % channel.Width;
        var y = i / channel.Width % channel.Height;
        var z = i / channel.Width / channel.Height;
        if (x + channel.X < 0 || x + channel.X >= channel.Width || y + channel.Y < 0 || y + channel.Y >= channel.Height
            || z + channel.Z < 0 || z + channel.Z >= channel.Depth)
            return false;
        if (channel.HasMask != 0 && (mask[i] == 0 || mask[i + channel.Linear] == 0))
            return false;
        if (channel.IsRandom == 0)
            return MutexGrid.IsOnLattice(z, y, x, channel.StrideZ, channel.StrideY, channel.StrideX);
        return MutexGrid.IsDrawn((uint)((long)channel.Channel * channel.Voxels + i), channel.StrideZ, channel.StrideY, channel.StrideX, channel.Seed);
    }
}
