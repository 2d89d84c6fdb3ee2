using Spoco.Engine;
using Spoco.Engine.Data;

namespace Spoco.Cli.Demo;

/// <summary>
/// Which voxel belongs to which cell: the one whose centre is nearest in the cell's own measure, if it is within the cell, on a smoothly
/// distorted grid that makes outlines irregular.
/// </summary>
internal sealed class CellOutlines
{
    private CellOutlines(PatchExtents extents)
    {
        Labels = new Volume<int>(extents.Depth, extents.Height, extents.Width);
        Owner = new int[extents.VoxelCount];
        Distance = new float[extents.VoxelCount];
        Gap = new float[extents.VoxelCount];
        NucleusDistance = new float[extents.VoxelCount];
    }

    /// <summary>The cells numbered from 1 without gaps, each of them one connected piece.</summary>
    public Volume<int> Labels { get; }

    /// <summary>The cell's position in the list of cells; -1 for background.</summary>
    public int[] Owner { get; }

    /// <summary>0 in the cell's centre, 1 on its outline.</summary>
    public float[] Distance { get; }

    /// <summary>How much farther the next cell is.</summary>
    public float[] Gap { get; }

    /// <summary>Distance from the nucleus' centre.</summary>
    public float[] NucleusDistance { get; }

    public static CellOutlines Draw(RandomSource random, PatchExtents extents, IReadOnlyList<Cell> cells, double radius)
    {
        var outlines = new CellOutlines(extents);
        Array.Fill(outlines.Owner, -1);
        Array.Fill(outlines.Distance, float.PositiveInfinity);
        Array.Fill(outlines.Gap, float.PositiveInfinity);
        var warp = Enumerable.Range(0, 3).Select(axis => Warp(random, extents, radius, axis)).ToArray();
        for (var k = 0; k < cells.Count; k++)
            outlines.Draw(extents, cells[k], k, warp);
        for (var i = 0; i < outlines.Owner.Length; i++)
        {
            outlines.Gap[i] -= outlines.Distance[i];
            if (outlines.Distance[i] >= 1)
                outlines.Owner[i] = -1;
        }

        outlines.KeepLargestPieces(extents, cells);
        return outlines;
    }

    private static double[] Warp(RandomSource random, PatchExtents extents, double radius, int axis)
    {
        var coordinates = new double[extents.VoxelCount];
        var large = new SplineField(random, extents, Math.Max(2, radius), 0.38 * radius);
        var small = new SplineField(random, extents, Math.Max(2, radius / 2.5), 0.1 * radius);
        for (var row = 0; row < extents.Depth * extents.Height; row++)
        {
            var (z, y) = (row / extents.Height, row % extents.Height);
            var values = coordinates.AsSpan(row * extents.Width, extents.Width);
            for (var x = 0; x < values.Length; x++)
                values[x] = axis == 0 ? z : axis == 1 ? y : x;
            if (axis == 0 && extents.Depth == 1)
                continue;
            large.AddRow(z, y, values);
            small.AddRow(z, y, values);
        }

        return coordinates;
    }

    /// <summary>Enters one cell; <see cref="Gap"/> holds the distance of the second nearest cell until all are entered.</summary>
    private void Draw(PatchExtents extents, Cell cell, int number, double[][] warp)
    {
        // The distorted grid may bring voxels in from a little farther away.
        var reach = cell.Reach + cell.Radius;
        var (z0, z1) = Range(cell.Centre[0], reach, extents.Depth);
        var (y0, y1) = Range(cell.Centre[1], reach, extents.Height);
        var (x0, x1) = Range(cell.Centre[2], reach, extents.Width);
        for (var z = z0; z < z1; z++)
            for (var y = y0; y < y1; y++)
                for (var x = x0; x < x1; x++)
                {
                    var i = (z * extents.Height + y) * extents.Width + x;
                    var (distance, nucleus) = cell.Distance(warp[0][i], warp[1][i], warp[2][i]);
                    if (distance < Distance[i])
                    {
                        Gap[i] = Distance[i];
                        (Distance[i], NucleusDistance[i], Owner[i]) = ((float)distance, (float)nucleus, number);
                    }
                    else if (distance < Gap[i])
                    {
                        Gap[i] = (float)distance;
                    }
                }
    }

    private static (int From, int Until) Range(double centre, double reach, int extent) =>
        (Math.Max(0, (int)(centre - reach)), Math.Min(extent, (int)(centre + reach) + 2));

    /// <summary>Numbers the largest piece of every cell; smaller pieces, and cells of which little is left, become background.</summary>
    private void KeepLargestPieces(PatchExtents extents, IReadOnlyList<Cell> cells)
    {
        var piece = new int[Owner.Length];
        var sizes = new List<int> { 0 };
        var largest = new int[cells.Count];
        var stack = new Stack<int>();
        for (var i = 0; i < piece.Length; i++)
        {
            if (Owner[i] < 0 || piece[i] != 0)
                continue;
            var size = Flood(extents, i, piece, sizes.Count, stack);
            sizes.Add(size);
            ref var best = ref largest[Owner[i]];
            if (size > sizes[best])
                best = sizes.Count - 1;
        }

        var number = new int[sizes.Count];
        var count = 0;
        for (var k = 0; k < cells.Count; k++)
        {
            var disc = Math.PI * cells[k].Radius * cells[k].Radius;
            if (sizes[largest[k]] >= 0.1 * disc)
                number[largest[k]] = ++count;
        }

        number[0] = 0;
        for (var i = 0; i < piece.Length; i++)
        {
            Labels.Data[i] = number[piece[i]];
            if (Labels.Data[i] == 0)
                Owner[i] = -1;
        }
    }

    /// <summary>Marks the piece of a cell that is connected through faces to a voxel, and counts its voxels.</summary>
    private int Flood(PatchExtents extents, int start, int[] piece, int number, Stack<int> stack)
    {
        var (plane, width, size) = (extents.Height * extents.Width, extents.Width, 0);
        piece[start] = number;
        stack.Push(start);
        while (stack.TryPop(out var i))
        {
            size++;
            var (z, y, x) = (i / plane, i / width % extents.Height, i % width);
            Visit(z > 0, i - plane);
            Visit(z < extents.Depth - 1, i + plane);
            Visit(y > 0, i - width);
            Visit(y < extents.Height - 1, i + width);
            Visit(x > 0, i - 1);
            Visit(x < width - 1, i + 1);
        }

        return size;

        void Visit(bool inside, int j)
        {
            if (!inside || piece[j] != 0 || Owner[j] != Owner[start])
                return;
            piece[j] = number;
            stack.Push(j);
        }
    }
}
