using System.Runtime.InteropServices;

namespace Spoco.Kernels;

/// <summary>
/// A range of indices, cut into a share per worker, from which workers take pieces: each from the front of its own share and, once that is empty, from the
/// ends of the others'. What is left of a share is one word, which changes by compare-and-swap alone: its first index only grows and its end only
/// shrinks, so that a word that was replaced never comes back, and every index is taken once.
/// </summary>
internal sealed unsafe class RangeShares : IDisposable
{
    /// <summary>What is left of a share fills a cache line, so that workers do not slow each other down.</summary>
    private const int WordsPerShare = 8;

    private readonly long* _left;
    private int _shares;
    private int _piece;

    /// <summary>Room for a number of shares, all empty.</summary>
    public RangeShares(int workers) =>
        _left = (long*)NativeMemory.AlignedAlloc((nuint)(workers * WordsPerShare * sizeof(long)), WordsPerShare * sizeof(long));

    /// <summary>Cuts [0, <paramref name="count"/>), while nobody takes anything.</summary>
    /// <param name="count">Number of indices.</param>
    /// <param name="shares">Shares, as even as they can be: <see cref="Start"/>.</param>
    /// <param name="piece">Indices of a piece, at least 1.</param>
    public void Fill(int count, int shares, int piece)
    {
        (_shares, _piece) = (shares, piece);
        for (var w = 0; w < shares; w++)
            _left[w * WordsPerShare] = Pack(Start(count, shares, w), Start(count, shares, w + 1));
    }

    /// <summary>First index of a share.</summary>
    public static int Start(int count, int shares, int share) => (int)((long)count * share / shares);

    /// <summary>Takes a piece for a worker; several may do so at once. False where nothing is left anywhere.</summary>
    public bool Take(int worker, out int from, out int until)
    {
        if (TakeFrom(worker, fromEnd: false, out from, out until))
            return true;
        for (var i = 1; i < _shares; i++)
            if (TakeFrom((worker + i) % _shares, fromEnd: true, out from, out until))
                return true;
        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.AlignedFree(_left);

    // The first index in the low half, the one past the last in the high half.
    private static long Pack(int from, int until) => (uint)from | ((long)until << 32);

    private bool TakeFrom(int share, bool fromEnd, out int from, out int until)
    {
        var left = _left + share * WordsPerShare;
        for (var seen = Volatile.Read(ref *left); ;)
        {
            (from, until) = ((int)seen, (int)(seen >> 32));
            if (from >= until)
                return false;
            var length = Math.Min(_piece, until - from);
            var cut = fromEnd ? until - length : from + length;
            var found = Interlocked.CompareExchange(ref *left, fromEnd ? Pack(from, cut) : Pack(cut, until), seen);
            if (found == seen)
            {
                (from, until) = fromEnd ? (cut, until) : (from, cut);
                return true;
            }

            seen = found;
        }
    }
}
