namespace Spoco.Kernels.Primitives;

/// <summary>The part of one slice of a target that the tiles of a segment write for one frequency of the slices.</summary>
/// <param name="Segment">Number of the segment.</param>
/// <param name="N">Image.</param>
/// <param name="D">Slice.</param>
/// <param name="H">First row.</param>
/// <param name="W">First column.</param>
/// <param name="Tiles">Tiles of the segment.</param>
/// <param name="Weight">Factor of the products.</param>
/// <param name="Begins">Whether nothing was added to these values before.</param>
/// <param name="Ends">Whether they are complete after it.</param>
internal readonly record struct WinogradRow(int Segment, int N, int D, int H, int W, int Tiles, float Weight, bool Begins, bool Ends);
