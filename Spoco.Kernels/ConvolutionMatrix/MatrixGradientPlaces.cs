using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Where the voxels of a box, and those that it reaches, lie in it: slice, row and column in a word, -1 beyond the last. A list in shared memory, which is the same for all boxes: in registers
/// every thread would have its own places all along.
/// </summary>
internal static class MatrixGradientPlaces
{
    /// <summary>First place of the box's own voxels, behind as many as threads ask for of those that are reached.</summary>
    public const int FirstOfBox = 192;

    /// <summary>Places of both.</summary>
    public const int Count = FirstOfBox + 96;

    /// <summary>Lists the places.</summary>
    public static void Find(MatrixGradientBoxes boxes, int threads, ArrayView<int> places)
    {
        for (var i = Group.IdxX; i < Count; i += threads)
        {
            var isReached = i < FirstOfBox;
            var voxel = isReached ? i : i - FirstOfBox;
            var width = isReached ? MatrixGradientPlanes.ReachedWidth : MatrixGradientPlanes.Width;
            var height = isReached ? boxes.ReachedHeight : boxes.Height;
            var row = voxel / width;
            places[i] = row < boxes.Depth * height ? (row / height << 16) | (row % height << 8) | (voxel - row * width) : -1;
        }
    }

    /// <summary>Slice of a place.</summary>
    public static int D(int place) => place >> 16;

    /// <summary>Row of a place.</summary>
    public static int H(int place) => (place >> 8) & 0xFF;

    /// <summary>Column of a place.</summary>
    public static int W(int place) => place & 0xFF;
}
