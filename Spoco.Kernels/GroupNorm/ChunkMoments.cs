using ILGPU.Algorithms;

namespace Spoco.Kernels.Primitives;

/// <summary>Values of a tensor by image, voxel and channel, however it lies.</summary>
internal interface IVoxelValues
{
    /// <summary>One value.</summary>
    float At(int image, int voxel, int channel);
}

/// <summary>
/// Moments of one channel of a chunk of voxels, by a part of the threads of a group. A thread sums around the mean of its first few values, so that neither
/// a large common offset nor a stray first value costs accuracy.
/// </summary>
internal static class ChunkMoments
{
    /// <summary>Values of a thread whose mean it takes its sums around.</summary>
    private const int OriginValues = 8;

    /// <summary>The moments, for the thread of lane 0. Called by all threads of a group, once.</summary>
    public static Moments Of<TValues>(TValues values, ChunkPlace place, ChannelTiling tiling) where TValues : struct, IVoxelValues
    {
        var moments = new Moments(0, 0, 0);
        if (place.First < place.Last)
        {
            var first = values.At(place.Image, place.First, place.Channel);
            float difference = 0, count = 0;
            for (var v = place.First; v < XMath.Min(place.First + OriginValues * tiling.Lanes, place.Last); v += tiling.Lanes)
            {
                difference += values.At(place.Image, v, place.Channel) - first;
                count++;
            }

            var origin = first + difference / count;
            CompensatedSum sum = default, squares = default;
            count = 0;
            for (var v = place.First; v < place.Last; v += tiling.Lanes)
            {
                var d = values.At(place.Image, v, place.Channel) - origin;
                sum = sum.Add(d);
                squares = squares.Add(d * d);
                count++;
            }

            moments = new Moments(count, origin + sum.Value / count, XMath.Max(squares.Value - sum.Value * sum.Value / count, 0f));
        }

        return GroupReduction.ToFirstLane(moments, place.Lane, tiling.Lanes, tiling.ChannelsPerTile, default(MergedMoments));
    }
}
