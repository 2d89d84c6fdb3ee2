namespace Spoco.Kernels.Primitives;

/// <summary>The boxes that the voxels of a result are cut into by <see cref="MatrixWeightGradient"/>: eight rows of eight voxels, of one slice or two.</summary>
/// <param name="Deep">1 = boxes of two slices of four rows, 0 = of one of eight.</param>
/// <param name="CountD">Boxes along the slices.</param>
/// <param name="CountH">Boxes along the rows.</param>
/// <param name="CountW">Boxes along the columns.</param>
/// <param name="Parts">Parts of an image.</param>
/// <param name="Vectors">Whether input channels are read four at a time.</param>
internal readonly record struct MatrixGradientBoxes(int Deep, int CountD, int CountH, int CountW, int Parts, int Vectors)
{
    /// <summary>Boxes of an image.</summary>
    public int Count => CountD * CountH * CountW;

    /// <summary>Slices of a box.</summary>
    public int Depth => 1 << Deep;

    /// <summary>Rows of a slice of a box.</summary>
    public int Height => MatrixGradientPlanes.Rows >> Deep;

    /// <summary>Rows of a slice of what a box reaches.</summary>
    public int ReachedHeight => Height + MatrixGradientPlanes.Window - 1;

    /// <summary>Voxels that a box reaches at one slice of the window.</summary>
    public int Reached => Depth * ReachedHeight * MatrixGradientPlanes.ReachedWidth;

    /// <summary>Boxes of one slice, or of two where these are fewer.</summary>
    public static MatrixGradientBoxes Of(TensorShape result, int parts, bool vectors)
    {
        var (flat, deep) = (With(0), With(1));
        return deep.Count < flat.Count ? deep : flat;

        MatrixGradientBoxes With(int isDeep) => new(isDeep, Ceiling(result.D, 1 << isDeep), Ceiling(result.H, MatrixGradientPlanes.Rows >> isDeep),
            Ceiling(result.W, MatrixGradientPlanes.Width), parts, vectors ? 1 : 0);

        static int Ceiling(int extent, int length) => (extent + length - 1) / length;
    }

    /// <summary>First box of a part: Count part / Parts, without a product of 64 bits, whose division would be a call.</summary>
    internal int First(int part) => Count / Parts * part + Count % Parts * part / Parts;

    /// <summary>First voxel of a box.</summary>
    internal BlockPlace Place(int box)
    {
        BlockPlace place;
        place.D = box / CountW / CountH * Depth;
        place.H = box / CountW % CountH * Height;
        place.W = box % CountW * MatrixGradientPlanes.Width;
        place.Unused = 0;
        return place;
    }
}
