namespace Spoco.Engine.Segmentation;

/// <summary>Which voxels are neighbours.</summary>
public enum Connectivity
{
    /// <summary>Voxels that share a face: 4 in an image, 6 in a volume.</summary>
    Faces,

    /// <summary>Voxels that share a face, an edge or a corner: 8 in an image, 26 in a volume.</summary>
    Corners,
}

/// <summary>Walks the neighbours of a voxel.</summary>
internal sealed class Neighbourhood
{
    private readonly int _depth;
    private readonly int _height;
    private readonly int _width;
    private readonly VoxelOffset[] _offsets;
    private readonly int[] _linear;

    /// <param name="depth">Slices.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="connectivity">Which voxels are neighbours.</param>
    /// <param name="precedingOnly">Only neighbours with a smaller flat index: every pair once.</param>
    public Neighbourhood(int depth, int height, int width, Connectivity connectivity, bool precedingOnly = false)
    {
        (_depth, _height, _width) = (depth, height, width);
        var offsets = new List<VoxelOffset>();
        for (var z = -1; z <= 1; z++)
            for (var y = -1; y <= 1; y++)
                for (var x = -1; x <= 1; x++)
                {
                    var steps = Math.Abs(z) + Math.Abs(y) + Math.Abs(x);
                    var follows = z > 0 || (z == 0 && (y > 0 || (y == 0 && x > 0)));
                    if (steps > 0 && (connectivity == Connectivity.Corners || steps == 1) && !(precedingOnly && follows))
                        offsets.Add(new VoxelOffset(z, y, x));
                }
        _offsets = [.. offsets];
        _linear = [.. offsets.Select(o => (int)o.Linear(height, width))];
    }

    /// <summary>Most neighbours a voxel can have.</summary>
    public int Count => _offsets.Length;

    /// <summary>Writes the flat indices of a voxel's neighbours inside the image, ascending, and returns how many there are.</summary>
    public int Of(int voxel, Span<int> neighbours)
    {
        var (row, x) = Math.DivRem(voxel, _width);
        var (z, y) = Math.DivRem(row, _height);
        var inside = z > 0 && z < _depth - 1 && y > 0 && y < _height - 1 && x > 0 && x < _width - 1;
        var count = 0;
        for (var k = 0; k < _offsets.Length; k++)
        {
            var o = _offsets[k];
            if (inside || ((uint)(z + o.Z) < (uint)_depth && (uint)(y + o.Y) < (uint)_height && (uint)(x + o.X) < (uint)_width))
                neighbours[count++] = voxel + _linear[k];
        }
        return count;
    }
}
