using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Elements in rows of equal length, and which of them are selected.</summary>
internal interface ISelection
{
    /// <summary>Elements of a row, the same for all threads; read from the device's memory where the host does not know it.</summary>
    int Count { get; }

    /// <summary>Whether an element is selected: asked once of every element. It may write what no other element reads.</summary>
    bool Includes(int row, int i);
}

/// <summary>A selection whose elements go to a list.</summary>
internal interface ICompaction : ISelection
{
    /// <summary>Takes a selected element to its place in the list.</summary>
    void Keep(int row, int i, int place);
}

/// <summary>
/// Which elements are selected, and how many before each. A word per run of eight elements: which of them, and above that, how many before the run in its tile.
/// Words of runs beyond the end are never written, and never read.
/// </summary>
internal struct SelectedView
{
    /// <summary>The words, whole tiles of them.</summary>
    public ArrayView<int> Words;

    /// <summary>How many are selected before each tile.</summary>
    public ArrayView<int> Tiles;

    /// <summary>Tiles of a row.</summary>
    public int TilesPerRow;

    /// <summary>How many elements are selected before one, in its row and those before.</summary>
    public readonly int Rank(int row, int i)
    {
        var word = Words[Word(row, i)];
        return Tiles[row * TilesPerRow + (i >> PrefixSum.TileBits)] + (word >> PrefixSum.Run) + Ones(word & ((1 << (i & (PrefixSum.Run - 1))) - 1));
    }

    /// <summary>Where the word of an element is.</summary>
    internal readonly long Word(int row, int i) => (((long)row * TilesPerRow) << (PrefixSum.TileBits - PrefixSum.RunBits)) + (i >> PrefixSum.RunBits);

    /// <summary>Bits that are set, of eight.</summary>
    internal static int Ones(int bits)
    {
        bits -= (bits >> 1) & 0x55;
        bits = (bits & 0x33) + ((bits >> 2) & 0x33);
        return (bits + (bits >> 4)) & 0x0F;
    }
}

/// <summary>
/// Stable compaction on ILGPU devices: each element is asked once whether it is selected; the answers are numbered by a prefix sum over tiles; then the selected ones
/// go to their places, or are only numbered. The order is that of the elements, whatever the schedule. How many there are stays on the device: the
/// host reads it if it must. (Blelloch, Prefix Sums and Their Applications, 1990, section 1.4: pack.)
/// </summary>
internal static class Compaction
{
    /// <summary>Asks and numbers the elements; two launches, or one for a single tile.</summary>
    /// <param name="gpu">The device.</param>
    /// <param name="selection">The elements.</param>
    /// <param name="selected">Memory for as many rows and elements; receives the answers.</param>
    /// <param name="ends">As many elements as rows, and one: receives how many are selected before each row, and in all.</param>
    public static void Select<TSelection>(IlgpuDevice gpu, TSelection selection, Selected selected, DeviceBuffer<int> ends)
        where TSelection : struct, ISelection
    {
        var tiles = selected.Tiles;
        gpu.Kernel(static d => d.LoadStreamKernel<TSelection, SelectedView, ArrayView<int>>(Ask))(
            ((int)tiles.Length, GroupSum.Size(gpu)), selection, selected.View, ends.View);
        if (tiles.Length > 1)
            PrefixSum.OfOneGroup(gpu, tiles, tiles, selected.View.TilesPerRow, ends);
    }

    /// <summary>Takes the selected elements to their places; one launch.</summary>
    public static void Keep<TCompaction>(IlgpuDevice gpu, TCompaction compaction, Selected selected) where TCompaction : struct, ICompaction =>
        gpu.Kernel(static d => d.LoadAutoGroupedStreamKernel<Index1D, TCompaction, SelectedView>(KeepRun))(
            (int)selected.Words.Length, compaction, selected.View);

    /// <summary>A group asks the elements of a tile: a thread takes a run of eight, then one that is as many runs further as the group has threads.</summary>
    public static void Ask<TSelection>(TSelection selection, SelectedView selected, ArrayView<int> ends) where TSelection : struct, ISelection
    {
        var row = Grid.IdxX / selected.TilesPerRow;
        var tile = (Grid.IdxX - row * selected.TilesPerRow) << PrefixSum.TileBits;
        var length = IntrinsicMath.Min(selection.Count - tile, PrefixSum.Tile);
        var before = 0;
        for (var turn = 0; turn < length; turn += Group.DimX * PrefixSum.Run)
        {
            var first = turn + Group.IdxX * PrefixSum.Run;
            var flags = 0;
            for (var k = 0; k < PrefixSum.Run; k++)
                if (first + k < length && selection.Includes(row, tile + first + k))
                    flags |= 1 << k;
            var rank = before + PrefixSum.OfGroup(SelectedView.Ones(flags), out var total);
            if (first < length)
                selected.Words[selected.Word(row, tile + first)] = (rank << PrefixSum.Run) | flags;
            before += total;
        }

        if (Group.IdxX != 0)
            return;
        var isAlone = selected.Tiles.Length == 1;
        selected.Tiles[Grid.IdxX] = isAlone ? 0 : before;
        if (isAlone)
        {
            ends[0] = 0;
            ends[1] = before;
        }
    }

    /// <summary>A thread takes the selected elements of a run.</summary>
    public static void KeepRun<TCompaction>(Index1D word, TCompaction compaction, SelectedView selected) where TCompaction : struct, ICompaction
    {
        var tile = word.X >> (PrefixSum.TileBits - PrefixSum.RunBits);
        var row = tile / selected.TilesPerRow;
        var first = (long)(word.X - ((row * selected.TilesPerRow) << (PrefixSum.TileBits - PrefixSum.RunBits))) << PrefixSum.RunBits;
        if (first >= compaction.Count)
            return;
        var flags = selected.Words[word];
        var place = selected.Tiles[tile] + (flags >> PrefixSum.Run);
        for (var k = 0; k < PrefixSum.Run; k++)
            if ((flags & (1 << k)) != 0)
                compaction.Keep(row, (int)first + k, place++);
    }
}

/// <summary>The memory of a selection.</summary>
internal sealed class Selected
{
    private readonly DeviceScratch _scratch;

    /// <summary>Takes memory.</summary>
    /// <param name="scratch">Where from.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="most">Most elements of a row.</param>
    public Selected(DeviceScratch scratch, int rows, int most)
    {
        _scratch = scratch;
        var perRow = PrefixSum.Tiles(most);
        var tiles = IlgpuDevice.Extent((long)rows * perRow, nameof(Compaction));
        Words = scratch.Take<int>((long)tiles * (PrefixSum.Tile / PrefixSum.Run));
        Tiles = scratch.Take<int>(tiles);
        View = new SelectedView { Words = Words.View, Tiles = Tiles.View, TilesPerRow = perRow };
    }

    private Selected(Selected larger, int most)
    {
        _scratch = larger._scratch;
        var perRow = PrefixSum.Tiles(most);
        (Words, Tiles) = (larger.Words.Slice(0, (long)perRow * (PrefixSum.Tile / PrefixSum.Run)), larger.Tiles.Slice(0, perRow));
        View = new SelectedView { Words = Words.View, Tiles = Tiles.View, TilesPerRow = perRow };
    }

    /// <summary>The same memory for one row of fewer elements.</summary>
    public Selected Of(int most) => new(this, most);

    /// <summary>What kernels see.</summary>
    public SelectedView View { get; }

    internal DeviceBuffer<int> Words { get; }

    internal DeviceBuffer<int> Tiles { get; }

    /// <summary>Returns the memory.</summary>
    public void Release()
    {
        _scratch.Return(Words);
        _scratch.Return(Tiles);
    }
}
