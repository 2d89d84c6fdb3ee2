namespace Spoco.Tests.Cuda;

/// <summary>Where an address lies.</summary>
internal enum PtxSpace
{
    /// <summary>Memory of the device, or shared memory through its window.</summary>
    Generic,

    /// <summary>Memory of the device.</summary>
    Global,

    /// <summary>Shared memory of a group, counted from its beginning.</summary>
    Shared,

    /// <summary>What a kernel is launched with.</summary>
    Parameters,
}

/// <summary>What decides which instruction is next.</summary>
internal enum PtxFlow
{
    /// <summary>The one below.</summary>
    Next,

    /// <summary>One of the targets.</summary>
    Branch,

    /// <summary>None.</summary>
    Return,

    /// <summary>The one below, once all threads of the group are here.</summary>
    Barrier,
}

/// <summary>One instruction of a kernel. Operands are numbers of registers; constants have registers of their own.</summary>
internal sealed class PtxInstruction
{
    /// <summary>As it stands in the text.</summary>
    public required string Text { get; init; }

    /// <summary>What it does to the threads that carry it out; null where it only decides which is next.</summary>
    public PtxAction? Action { get; set; }

    /// <summary>What decides which is next.</summary>
    public PtxFlow Flow { get; set; }

    /// <summary>The predicate that threads must have to carry it out; negative = all do.</summary>
    public int Guard { get; init; } = -1;

    /// <summary>Whether it must be false.</summary>
    public bool IsGuardNegated { get; init; }

    /// <summary>Registers, or predicates, that it writes.</summary>
    public int[] To { get; set; } = [];

    /// <summary>Registers, or predicates, that it reads; that of an address first.</summary>
    public int[] From { get; set; } = [];

    /// <summary>Bytes that are added to an address, or the number that the instruction bears.</summary>
    public long Offset { get; set; }

    /// <summary>Bytes of a value in memory.</summary>
    public int Bytes { get; set; }

    /// <summary>Where an address lies.</summary>
    public PtxSpace Space { get; set; }

    /// <summary>Instructions that may be next. Those of a choice by number are in its order.</summary>
    public int[] Targets { get; set; } = [];

    /// <summary>Where all ways from here meet; the number of instructions where they do not.</summary>
    public int Meeting { get; set; }
}

/// <summary>What an instruction does.</summary>
/// <param name="warp">The registers of its threads.</param>
/// <param name="instruction">Its operands.</param>
/// <param name="lanes">A bit for every thread that carries it out.</param>
internal delegate void PtxAction(PtxWarp warp, PtxInstruction instruction, uint lanes);
