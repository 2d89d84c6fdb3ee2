using Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// Watershed by flooding from seeds (Meyer 1994): the lowest voxel on the fronts is taken first and gives its label to its unlabelled neighbours;
/// equally low voxels are taken in the order they were reached. No watershed lines.
/// </summary>
public static class SeededWatershed
{
    /// <summary>Grows seeds over an image.</summary>
    /// <param name="image">Heights, low first: a membrane probability, or minus a distance.</param>
    /// <param name="seeds">Labels to grow; 0 = not labelled yet.</param>
    /// <param name="mask">Voxels that are 0 here are not flooded and get label 0, seeds included. Null: everything is flooded.</param>
    /// <param name="connectivity">Which voxels are neighbours.</param>
    /// <returns>Labels; 0 where no seed reaches.</returns>
    /// <exception cref="ArgumentException">Sizes differ, a volume has several channels, or a height is NaN.</exception>
    public static Volume<int> Flood(Volume<float> image, Volume<int> seeds, Volume<byte>? mask = null, Connectivity connectivity = Connectivity.Faces)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(seeds);
        LabelImage.CheckSingleChannel(image, "SeededWatershed");
        LabelImage.CheckSingleChannel(seeds, "SeededWatershed");
        LabelImage.CheckFits(image, seeds, "SeededWatershed", "the seed image");
        LabelImage.CheckFits(image, mask, "SeededWatershed", "the mask");
        if (image.Data.AsSpan().ContainsNaN())
            throw new ArgumentException("SeededWatershed: the image holds NaN.");

        var labels = new int[image.VoxelCount];
        var front = new PriorityQueue<int, ulong>();
        var reached = 0u;
        for (var i = 0; i < labels.Length; i++)
            if (seeds.Data[i] != 0 && mask?.Data[i] != 0)
            {
                labels[i] = seeds.Data[i];
                front.Enqueue(i, Key(image.Data[i], reached++));
            }

        var neighbourhood = new Neighbourhood(image.Depth, image.Height, image.Width, connectivity);
        Span<int> neighbours = stackalloc int[neighbourhood.Count];
        while (front.TryDequeue(out var i, out _))
            foreach (var j in neighbours[..neighbourhood.Of(i, neighbours)])
                if (labels[j] == 0 && mask?.Data[j] != 0)
                {
                    labels[j] = labels[i];
                    front.Enqueue(j, Key(image.Data[j], reached++));
                }
        return new Volume<int>(labels, image.Depth, image.Height, image.Width) { VoxelSize = seeds.VoxelSize ?? image.VoxelSize };
    }

    // Ascending height, then ascending age: the order of an edge's keys, the other way round.
    private static ulong Key(float height, uint age) => ~EdgeKey.Of(-height, age);

    private static bool ContainsNaN(this Span<float> values)
    {
        foreach (var value in values)
            if (float.IsNaN(value))
                return true;
        return false;
    }
}
