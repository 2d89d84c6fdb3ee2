namespace Spoco.Cli.Data;

/// <summary>Buffers of one batch: two views and the labels they share.</summary>
internal sealed class TrainingBatch(int count, PatchExtents patch, int channels)
{
    /// <summary>Patches in the batch.</summary>
    public int Count { get; } = count;

    public PatchExtents Patch { get; } = patch;

    public int Channels { get; } = channels;

    /// <summary>The iteration that the content belongs to.</summary>
    public long Iteration { get; set; } = -1;

    /// <summary>Input of f, [N, D, H, W, C].</summary>
    public float[] ViewF { get; } = new float[checked(count * patch.VoxelCount * channels)];

    /// <summary>Input of g, [N, D, H, W, C].</summary>
    public float[] ViewG { get; } = new float[checked(count * patch.VoxelCount * channels)];

    /// <summary>Labels of both, [N, D, H, W]; within a patch they run from 1 without gaps, 0 = unlabelled or background.</summary>
    public int[] Labels { get; } = new int[checked(count * patch.VoxelCount)];
}
