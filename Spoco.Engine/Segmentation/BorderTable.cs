namespace Spoco.Engine.Segmentation;

/// <summary>Which segments are neighbours, and how many faces they share: a hash table of pairs, for as many segments as there are numbers.</summary>
/// <param name="countsFaces">Whether faces are counted; else their numbers are 0.</param>
internal sealed class BorderTable(bool countsFaces)
{
    private const int LeastSlots = 64;

    // Smaller segment above, larger one below; 0 = a free slot, as segments count from 1.
    private ulong[] _pairs = new ulong[LeastSlots];
    private long[] _faces = countsFaces ? new long[LeastSlots] : [];

    /// <summary>Whether faces are counted.</summary>
    public bool CountsFaces => countsFaces;

    /// <summary>Number of pairs.</summary>
    public int Count { get; private set; }

    /// <summary>All pairs, the smaller segment first, in no order.</summary>
    public IEnumerable<(int A, int B, long Faces)> Pairs
    {
        get
        {
            for (var slot = 0; slot < _pairs.Length; slot++)
                if (_pairs[slot] != 0)
                    yield return ((int)(_pairs[slot] >> 32), (int)(uint)_pairs[slot], countsFaces ? _faces[slot] : 0);
        }
    }

    /// <summary>Adds faces between two different segments.</summary>
    public void Add(int a, int b, long faces)
    {
        var pair = ((ulong)(uint)Math.Min(a, b) << 32) | (uint)Math.Max(a, b);
        var slot = Slot(pair);
        if (_pairs[slot] == 0)
        {
            if (Count >= _pairs.Length / 4 * 3)
            {
                Grow();
                slot = Slot(pair);
            }

            _pairs[slot] = pair;
            Count++;
        }

        if (countsFaces)
            _faces[slot] += faces;
    }

    /// <summary>Counts the faces between each voxel of a box and those before it along the axes.</summary>
    /// <param name="labels">Segments of <paramref name="read"/>; 0 = none.</param>
    /// <param name="read">What the labels are of: the box and, where there are any, the slice, row and column before it.</param>
    /// <param name="box">The voxels that are counted.</param>
    public void Add(ReadOnlySpan<int> labels, VoxelBox read, VoxelBox box)
    {
        var (row, slice) = (read.Width, read.Height * read.Width);
        for (var z = box.Z - read.Z; z < box.Z - read.Z + box.Depth; z++)
            for (var y = box.Y - read.Y; y < box.Y - read.Y + box.Height; y++)
                for (var x = box.X - read.X; x < box.X - read.X + box.Width; x++)
                {
                    var i = z * slice + y * row + x;
                    var segment = labels[i];
                    if (segment == 0)
                        continue;
                    if (x > 0 && labels[i - 1] is var left && left != segment && left != 0)
                        Add(segment, left, 1);
                    if (y > 0 && labels[i - row] is var above && above != segment && above != 0)
                        Add(segment, above, 1);
                    if (z > 0 && labels[i - slice] is var before && before != segment && before != 0)
                        Add(segment, before, 1);
                }
    }

    private int Slot(ulong pair)
    {
        var mask = _pairs.Length - 1;
        var slot = (int)(pair * 0x9E3779B97F4A7C15 >> 32) & mask;
        while (_pairs[slot] != 0 && _pairs[slot] != pair)
            slot = (slot + 1) & mask;
        return slot;
    }

    private void Grow()
    {
        var (pairs, faces) = (_pairs, _faces);
        _pairs = new ulong[2 * pairs.Length];
        _faces = countsFaces ? new long[2 * pairs.Length] : [];
        for (var i = 0; i < pairs.Length; i++)
            if (pairs[i] != 0)
            {
                var slot = Slot(pairs[i]);
                _pairs[slot] = pairs[i];
                if (countsFaces)
                    _faces[slot] = faces[i];
            }
    }
}
