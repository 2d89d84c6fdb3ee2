using Spoco.Engine;
using Spoco.Engine.Segmentation;
using Spoco.Engine.SelfTests;
using Spoco.Tests.Segmentation;

namespace Spoco.Tests.Threads;

/// <summary>What the voxels of a volume look like, for the Mutex Watershed.</summary>
public enum VolumeKind
{
    /// <summary>All edges equal: the numbers of edges decide alone.</summary>
    Constant,

    /// <summary>A few blocks: nothing within them, everything between them.</summary>
    Blocks,

    /// <summary>Blocks with noise.</summary>
    Noisy,

    /// <summary>Random weights of three levels.</summary>
    Tied,

    /// <summary>Weights fall from voxel to voxel: a node's strongest edge leads to the next node, in a chain through the volume.</summary>
    Falling,

    /// <summary>Weights rise from voxel to voxel.</summary>
    Rising,

    /// <summary>Random weights.</summary>
    Random,
}

/// <summary>Weights of volumes, and their labels by the sequential rule, computed once.</summary>
internal static class WatershedVolumes
{
    /// <summary>Large enough for 64 workers to have a share each (2048 nodes), and an image with fewer.</summary>
    public static readonly (int Depth, int Height, int Width)[] Extents = [(8, 128, 128), (1, 180, 240)];

    private static readonly Dictionary<(VolumeKind Kind, (int Depth, int Height, int Width) Extents), (float[] Weights, int[] Labels)> Made = [];

    /// <summary>The weights, [C, D, H, W], and the labels.</summary>
    public static (float[] Weights, int[] Labels) Of(VolumeKind kind, (int Depth, int Height, int Width) extents)
    {
        if (Made.TryGetValue((kind, extents), out var volume))
            return volume;
        var (depth, height, width) = extents;
        var weights = Weights(kind, extents);
        return Made[(kind, extents)] = (weights, SequentialMutexWatershed.FromAffinities(weights, depth, height, width));
    }

    /// <summary>Embeddings whose distances are those of a kind of volume, [D, H, W, 4].</summary>
    public static Volume<float> Embeddings(VolumeKind kind, (int Depth, int Height, int Width) extents)
    {
        var (depth, height, width) = extents;
        var random = new Random(3);
        var embeddings = new Volume<float>(depth, height, width, 4);
        for (var i = 0; i < embeddings.VoxelCount; i++)
        {
            for (var e = 0; e < 4; e++)
            {
                var block = BlockOf(i, extents) >> e & 1;
                embeddings.Data[4 * i + e] = kind switch
                {
                    VolumeKind.Constant => 1,
                    VolumeKind.Blocks => 3 * block,
                    VolumeKind.Noisy => 3 * block + random.NextSingle(),
                    VolumeKind.Tied => random.Next(3),
                    VolumeKind.Falling or VolumeKind.Rising => (kind == VolumeKind.Falling ? -1 : 1) * MathF.Sqrt(i) / 16,
                    _ => 4 * random.NextSingle(),
                };
            }
        }

        return embeddings;
    }

    private static float[] Weights(VolumeKind kind, (int Depth, int Height, int Width) extents)
    {
        var (depth, height, width) = extents;
        var voxels = depth * height * width;
        var offsets = MutexWatershedOptions.SpocoOffsets(depth > 1);
        var random = new Random(7);
        return kind switch
        {
            VolumeKind.Tied => MutexProblems.Weights(random, offsets.Count * voxels, 1),
            VolumeKind.Random => MutexProblems.Weights(random, offsets.Count * voxels, 0),
            _ => [.. Enumerable.Range(0, offsets.Count * voxels).Select(edge => kind switch
            {
                VolumeKind.Constant => 0.25f,
                VolumeKind.Blocks => Between(edge),
                VolumeKind.Noisy => Math.Clamp(Between(edge) + random.NextSingle() - 0.5f, 0, 1),
                VolumeKind.Falling => 1 - edge % voxels / (float)voxels,
                _ => edge % voxels / (float)voxels,
            })],
        };

        float Between(int edge)
        {
            var (channel, voxel) = (edge / voxels, edge % voxels);
            var (offset, row) = (offsets[channel], voxel / width);
            var (z, y, x) = (row / height + offset.Z, row % height + offset.Y, voxel % width + offset.X);
            return z >= 0 && y >= 0 && x >= 0 && BlockOf(voxel, extents) != BlockOf((z * height + y) * width + x, extents) ? 1 : 0;
        }
    }

    // Nine blocks, of unequal sizes.
    private static int BlockOf(int voxel, (int Depth, int Height, int Width) extents)
    {
        var (y, x) = (voxel / extents.Width % extents.Height, voxel % extents.Width);
        return 3 * (3 * y * y / (extents.Height * extents.Height)) + 3 * x / extents.Width;
    }
}
