using Spoco.Engine.Segmentation;

namespace Spoco.Engine.Suggestions;

/// <summary>Regions with their rims.</summary>
internal static class RegionGrowth
{
    /// <summary>
    /// Lets all regions grow by some voxels, counted in faces, into what belongs to none. On each step all free voxels that share a face with a region join at once; where
    /// several reach one, that with the smallest number.
    /// </summary>
    /// <param name="regions">Numbers; 0 = free.</param>
    /// <param name="steps">How far.</param>
    public static Volume<int> Grow(Volume<int> regions, int steps)
    {
        var labels = (int[])regions.Data.Clone();
        var neighbourhood = new Neighbourhood(regions.Depth, regions.Height, regions.Width, Connectivity.Faces);
        Span<int> neighbours = stackalloc int[neighbourhood.Count];
        var joined = new List<(int Voxel, int Region)>();
        for (var step = 0; step < steps; step++)
        {
            joined.Clear();
            for (var i = 0; i < labels.Length; i++)
            {
                if (labels[i] != 0)
                    continue;
                var region = int.MaxValue;
                foreach (var neighbour in neighbours[..neighbourhood.Of(i, neighbours)])
                    if (labels[neighbour] != 0)
                        region = Math.Min(region, labels[neighbour]);
                if (region != int.MaxValue)
                    joined.Add((i, region));
            }

            foreach (var (voxel, region) in joined)
                labels[voxel] = region;
        }

        return LabelImage.Like(regions, labels);
    }
}
