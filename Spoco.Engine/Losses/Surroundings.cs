using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Engine.Losses;

/// <summary>Targets of the pixels around objects, ring after ring; a pixel keeps the target that reaches it first.</summary>
internal static class Surroundings
{
    /// <summary>Spreads targets.</summary>
    /// <param name="shape">[N, D, H, W] of the batch.</param>
    /// <param name="targets">Those of one image.</param>
    /// <param name="ring">The pixels to spread from; overwritten.</param>
    /// <param name="reach">How many rings.</param>
    /// <param name="free">The target of pixels that have none yet.</param>
    /// <param name="target">The target of a pixel beside one with a given target.</param>
    /// <returns>How many pixels have got one.</returns>
    public static int Spread(TensorShape shape, Span<float> targets, List<int> ring, int reach, float free, Func<float, float> target)
    {
        var neighbourhood = new Neighbourhood(shape.D, shape.H, shape.W, Connectivity.Faces);
        Span<int> neighbours = stackalloc int[neighbourhood.Count];
        var (next, count) = (new List<int>(), 0);
        for (var step = 0; step < reach; step++)
        {
            next.Clear();
            foreach (var pixel in ring)
                foreach (var neighbour in neighbours[..neighbourhood.Of(pixel, neighbours)])
                    if (targets[neighbour] == free)
                    {
                        targets[neighbour] = target(targets[pixel]);
                        next.Add(neighbour);
                    }
            count += next.Count;
            (ring, next) = (next, ring);
        }

        return count;
    }
}
