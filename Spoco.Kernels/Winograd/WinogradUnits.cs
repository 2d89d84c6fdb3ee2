namespace Spoco.Kernels.Primitives;

/// <summary>
/// The values of a tensor by the tiles that they come from: a unit is one slice of a segment. Units follow one another image by image; their number and
/// contents depend on the shape alone.
/// </summary>
/// <param name="Grid">The tiles.</param>
/// <param name="Shape">Extents of the tensor.</param>
/// <param name="Plane">Values of a tile along rows, and along columns.</param>
/// <param name="Slices">Slices of a tile.</param>
internal readonly record struct WinogradUnits(WinogradGrid Grid, TensorShape Shape, int Plane, int Slices)
{
    /// <summary>The units of what a convolution writes, or of the gradient of its second tensor.</summary>
    public static WinogradUnits Of(in WinogradGrid grid, TensorShape shape, bool half) =>
        new(grid, shape, half && grid.UpPlane ? grid.Results / 2 : grid.Results, grid.SlicesOf(half));

    /// <summary>The units of the maxima of windows of two by two, over one slice or two.</summary>
    public static WinogradUnits OfPooled(in WinogradGrid grid, in PoolingShape pool) =>
        new(grid, pool.Output, grid.Results / 2, pool.WindowD == 2 ? 1 : grid.SlicesOf(false));

    public int Count => Grid.Segments * Slices;

    public int PerImage => Count / Shape.N;

    /// <summary>Number of the unit with a slice of a segment.</summary>
    public int Index(int segment, int slice) => segment * Slices + slice % Slices;

    /// <summary>Writes how many values of a channel the units of an image have; 0 where their tiles reach beyond the tensor.</summary>
    public unsafe void CountValues(int* counts)
    {
        for (var d = 0; d < Grid.TilesD * Slices; d += Slices)
        {
            for (var h = 0; h < Grid.TilesH; h++)
            {
                var rows = Math.Clamp(Shape.H - h * Plane, 0, Plane);
                for (var w = 0; w < Grid.TilesW; w += Grid.SegmentTiles)
                {
                    var columns = Math.Clamp(Shape.W - w * Plane, 0, Math.Min(Grid.SegmentTiles, Grid.TilesW - w) * Plane);
                    for (var slice = d; slice < d + Slices; slice++)
                        *counts++ = slice < Shape.D ? rows * columns : 0;
                }
            }
        }
    }
}
