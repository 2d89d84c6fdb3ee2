using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>The owners of a tile's pixels.</summary>
internal readonly unsafe struct TileOwners
{
    /// <summary>Owner of the pixels that fill up a tile: no label has it.</summary>
    private const int None = -2;

    private readonly bool _same;

    /// <summary>Reads them in place, or fills them up in <paramref name="memory"/> for a whole tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public TileOwners(int* owners, int count, int* memory)
    {
        Labels = owners;
        if (count < PixelTile.Pixels)
        {
            new ReadOnlySpan<int>(owners, count).CopyTo(new Span<int>(memory, count));
            new Span<int>(memory + count, PixelTile.Pixels - count).Fill(None);
            Labels = memory;
        }

        _same = !new ReadOnlySpan<int>(Labels, PixelTile.Pixels).ContainsAnyExcept(Labels[0]);
    }

    /// <summary>One for every pixel of a whole tile.</summary>
    public int* Labels { get; }

    /// <summary>Whether any pixel has the owner; most tiles lie within one object or none.</summary>
    public bool Contains(int owner) => _same ? owner == Labels[0] : new ReadOnlySpan<int>(Labels, PixelTile.Pixels).Contains(owner);
}
