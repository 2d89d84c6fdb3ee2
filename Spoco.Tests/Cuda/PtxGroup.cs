using System.Runtime.InteropServices;

namespace Spoco.Tests.Cuda;

/// <summary>The threads of one group, their shared memory, and what the kernel was launched with.</summary>
internal sealed unsafe class PtxGroup : IDisposable
{
    /// <summary>Where shared memory begins for those who do not know that it is.</summary>
    public const ulong SharedWindow = 0x7f5a_3000_0000_0000;

    /// <summary>How far the window reaches.</summary>
    public const ulong SharedWindowBytes = 1 << 24;

    /// <summary>Instructions of a warp before another one goes on.</summary>
    private const int MostInTurn = 2000;

    /// <summary>Instructions of a group after which it counts as hanging.</summary>
    private const long MostTurns = 20_000;

    private readonly byte[] _parameters;
    private readonly byte* _shared;
    private readonly PtxWarp[] _warps;
    private readonly Random _random;
    private readonly (int X, int Y, int Z) _groups, _size;

    /// <summary>A group of a launch; it can be run for one number after the other.</summary>
    public PtxGroup(
        PtxKernel kernel, byte[] parameters, DriverMemory memory, PtxTally tally, (int X, int Y, int Z) groups, (int X, int Y, int Z) size, Random random)
    {
        (Kernel, _parameters, Memory, Tally, _groups, _size, _random) = (kernel, parameters, memory, tally, groups, size, random);
        _shared = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(kernel.SharedBytes, 1), 128);
        Junk.Fill(new Span<byte>(_shared, kernel.SharedBytes), random);
        _warps = [.. Enumerable.Range(0, (size.X * size.Y * size.Z + PtxWarp.Size - 1) / PtxWarp.Size).Select(i => new PtxWarp(this, i, random))];
    }

    /// <summary>What it runs.</summary>
    public PtxKernel Kernel { get; }

    /// <summary>Memory of the device.</summary>
    public DriverMemory Memory { get; }

    /// <summary>What is counted.</summary>
    public PtxTally Tally { get; }

    /// <summary>A parameter.</summary>
    public ulong Parameter(int offset, int bytes)
    {
        Span<byte> value = stackalloc byte[8];
        value.Clear();
        _parameters.AsSpan(offset, bytes).CopyTo(value);
        return BitConverter.ToUInt64(value);
    }

    /// <summary>A place in shared memory.</summary>
    /// <exception cref="PtxFault">It lies outside.</exception>
    public byte* Shared(ulong address, int bytes) => address <= (ulong)Kernel.SharedBytes && address + (ulong)bytes <= (ulong)Kernel.SharedBytes
        ? _shared + address : throw new PtxFault($"{bytes} bytes at {address:x}, outside {Kernel.SharedBytes} bytes of shared memory");

    /// <summary>Runs the group of a number: its warps take turns, in an order drawn anew between two barriers.</summary>
    /// <exception cref="PtxFault">A thread does what a GPU does not do, or there is no end.</exception>
    public void Run((int X, int Y, int Z) number)
    {
        foreach (var warp in _warps)
            warp.Begin(number, _groups, _size);
        PtxWarp[] order = [.. _warps];
        for (var turn = 0L; ; turn++)
        {
            _random.Shuffle(order);
            foreach (var warp in order)
                if (warp.State == PtxState.Ready)
                    warp.Run(MostInTurn);
            if (Array.Exists(order, w => w.State == PtxState.Ready))
            {
                if (turn == MostTurns)
                    throw new PtxFault($"{Kernel.Name}: no end after {MostTurns * MostInTurn} instructions");
                continue;
            }

            var waiting = order.Count(w => w.State == PtxState.AtBarrier);
            if (waiting == 0)
                return;
            if (waiting < order.Length)
                throw new PtxFault($"{Kernel.Name}: {waiting} of {order.Length} warps are at a barrier, the others are at their end");
            foreach (var warp in order)
                warp.State = PtxState.Ready;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var warp in _warps)
            warp.Dispose();
        NativeMemory.AlignedFree(_shared);
    }
}
