using System.Numerics;
using System.Runtime.InteropServices;
using Spoco.Tests.Interleavings;

namespace Spoco.Tests.Cuda;

/// <summary>Where a warp stands.</summary>
internal enum PtxState
{
    /// <summary>It can go on.</summary>
    Ready,

    /// <summary>At a barrier, until all of its group are.</summary>
    AtBarrier,

    /// <summary>All of its threads are at their end.</summary>
    Finished,
}

/// <summary>
/// The registers of 32 threads, and where they stand. Threads go in step; those that a branch has parted go one way after the other, and together again from
/// where their ways meet, as a GPU's compiler has it.
/// </summary>
internal sealed unsafe class PtxWarp : IDisposable
{
    /// <summary>Threads of a warp.</summary>
    public const int Size = 32;

    private readonly PtxKernel _kernel;
    private readonly ulong* _registers;
    private readonly Stack<(int At, uint Lanes, int Until)> _parted = [];
    private readonly Queue<(ulong To, ulong From, int Bytes, int Round)>[] _copies = new Queue<(ulong, ulong, int, int)>[Size];
    private readonly int[] _rounds = new int[Size];
    private readonly int _number;
    private (int At, uint Lanes, int Until) _now;
    private uint _alive;

    /// <summary>Registers for a kernel, with what stands there by chance.</summary>
    public PtxWarp(PtxGroup group, int number, Random random)
    {
        (Group, _kernel, _number) = (group, group.Kernel, number);
        var count = _kernel.Registers * Size;
        _registers = (ulong*)NativeMemory.Alloc((nuint)count, sizeof(ulong));
        Junk.Fill(new Span<byte>(_registers, count * sizeof(ulong)), random);
        Predicates = new uint[_kernel.Predicates];
        foreach (var (register, value) in _kernel.Constants)
            new Span<ulong>(_registers + register * Size, Size).Fill(value);
        for (var lane = 0; lane < Size; lane++)
            _copies[lane] = [];
    }

    /// <summary>Its group.</summary>
    public PtxGroup Group { get; }

    /// <summary>What is counted.</summary>
    public PtxTally Tally => Group.Tally;

    /// <summary>Predicates: a bit for every thread.</summary>
    public uint[] Predicates { get; }

    /// <summary>Where it stands.</summary>
    public PtxState State { get; set; }

    /// <summary>Goes to the beginning of a group.</summary>
    public void Begin((int X, int Y, int Z) group, (int X, int Y, int Z) groups, (int X, int Y, int Z) size)
    {
        var threads = size.X * size.Y * size.Z;
        _alive = threads - _number * Size >= Size ? uint.MaxValue : (1u << threads - _number * Size) - 1;
        _parted.Clear();
        _now = (0, _alive, _kernel.Instructions.Length);
        State = PtxState.Ready;
        for (var lane = 0; lane < Size; lane++)
        {
            var thread = _number * Size + lane;
            ReadOnlySpan<int> places =
            [
                thread % size.X, thread / size.X % size.Y, thread / size.X / size.Y, size.X, size.Y, size.Z, group.X, group.Y, group.Z, groups.X, groups.Y, groups.Z, lane,
            ];
            for (var i = 0; i < places.Length; i++)
                Set(PtxKernel.FirstPlace + i, lane, (uint)places[i]);
            _copies[lane].Clear();
            _rounds[lane] = 0;
        }
    }

    /// <summary>What a register of a thread holds.</summary>
    public ulong Get(int register, int lane) => _registers[register * Size + lane];

    /// <summary>Sets a register of a thread.</summary>
    public void Set(int register, int lane, ulong value) => _registers[register * Size + lane] = value;

    /// <summary>Sets a predicate of some threads.</summary>
    public void Decide(int predicate, uint lanes, uint values) => Predicates[predicate] = Predicates[predicate] & ~lanes | values & lanes;

    /// <summary>Carries out instructions until a barrier, the end, or for some of them.</summary>
    public void Run(long most)
    {
        var instructions = _kernel.Instructions;
        for (var step = 0L; step < most; step++)
        {
            while (_now.At == _now.Until || _now.Lanes == 0)
            {
                if (!_parted.TryPop(out _now))
                {
                    State = PtxState.Finished;
                    return;
                }

                _now.Lanes &= _alive;
            }

            var instruction = instructions[_now.At];
            var lanes = _now.Lanes;
            if (instruction.Guard >= 0)
                lanes &= instruction.IsGuardNegated ? ~Predicates[instruction.Guard] : Predicates[instruction.Guard];
            Tally.Instruction(lanes);
            try
            {
                switch (instruction.Flow)
                {
                    case PtxFlow.Next:
                        if (lanes != 0)
                            instruction.Action!(this, instruction, lanes);
                        _now.At++;
                        break;
                    case PtxFlow.Branch:
                        Branch(instruction, lanes);
                        break;
                    case PtxFlow.Return:
                        _alive &= ~lanes;
                        _now.Lanes &= ~lanes;
                        _now.At++;
                        break;
                    case PtxFlow.Barrier:
                        if (lanes != _alive)
                            throw new PtxFault($"{BitOperations.PopCount(lanes)} of {BitOperations.PopCount(_alive)} threads of a warp are at a barrier");
                        _now.At++;
                        State = PtxState.AtBarrier;
                        return;
                }
            }
            catch (PtxFault fault)
            {
                throw new PtxFault($"{_kernel.Name}, instruction {_now.At} '{instruction.Text}', warp {_number} of group {Get(PtxKernel.FirstPlace + 6, 0)}: {fault.Message}");
            }
        }
    }

    /// <summary>Computes a register from one.</summary>
    public void Compute(PtxInstruction instruction, uint lanes, Func<ulong, ulong> of)
    {
        var to = Row(instruction.To[0]);
        var a = Row(instruction.From[0]);
        for (var lane = 0; lane < to.Length; lane++)
            if ((lanes >> lane & 1) != 0)
                to[lane] = of(a[lane]);
    }

    /// <summary>Computes a register from two.</summary>
    public void Compute(PtxInstruction instruction, uint lanes, Func<ulong, ulong, ulong> of)
    {
        var to = Row(instruction.To[0]);
        var a = Row(instruction.From[0]);
        var b = Row(instruction.From[1]);
        for (var lane = 0; lane < to.Length; lane++)
            if ((lanes >> lane & 1) != 0)
                to[lane] = of(a[lane], b[lane]);
    }

    /// <summary>Computes a register from three.</summary>
    public void Compute(PtxInstruction instruction, uint lanes, Func<ulong, ulong, ulong, ulong> of)
    {
        var to = Row(instruction.To[0]);
        var a = Row(instruction.From[0]);
        var b = Row(instruction.From[1]);
        var c = Row(instruction.From[2]);
        for (var lane = 0; lane < to.Length; lane++)
            if ((lanes >> lane & 1) != 0)
                to[lane] = of(a[lane], b[lane], c[lane]);
    }

    /// <summary>Sets a predicate by a comparison of two registers, or a question of one.</summary>
    public void Compare(PtxInstruction instruction, uint lanes, Func<ulong, ulong, bool> holds)
    {
        var a = Row(instruction.From[0]);
        var b = Row(instruction.From[Math.Min(1, instruction.From.Length - 1)]);
        var results = 0u;
        for (var lane = 0; lane < Size; lane++)
            if ((lanes >> lane & 1) != 0 && holds(a[lane], b[lane]))
                results |= 1u << lane;
        Decide(instruction.To[0], lanes, results);
    }

    /// <summary>Reads memory.</summary>
    public void Load(PtxInstruction instruction, uint lanes)
    {
        var (bytes, count) = (instruction.Bytes, instruction.To.Length);
        if (instruction.Space == PtxSpace.Parameters)
        {
            var value = Group.Parameter((int)instruction.Offset, bytes);
            for (var lane = 0; lane < Size; lane++)
                if ((lanes >> lane & 1) != 0)
                    Set(instruction.To[0], lane, value);
            return;
        }

        var addresses = Addresses(instruction, stackalloc ulong[Size]);
        Tally.Access(instruction.Space == PtxSpace.Shared, isStore: false, addresses, lanes, bytes * count);
        for (var lane = 0; lane < Size; lane++)
        {
            if ((lanes >> lane & 1) == 0)
                continue;
            var from = Place(instruction, addresses[lane], bytes * count, isStore: false);
            for (var i = 0; i < count; i++)
                Set(instruction.To[i], lane, RawMemory.Get(from + i * bytes, bytes));
        }
    }

    /// <summary>Writes memory.</summary>
    public void Store(PtxInstruction instruction, uint lanes)
    {
        var (bytes, count) = (instruction.Bytes, instruction.From.Length - 1);
        var addresses = Addresses(instruction, stackalloc ulong[Size]);
        Tally.Access(instruction.Space == PtxSpace.Shared, isStore: true, addresses, lanes, bytes * count);
        for (var lane = 0; lane < Size; lane++)
        {
            if ((lanes >> lane & 1) == 0)
                continue;
            var to = Place(instruction, addresses[lane], bytes * count, isStore: true);
            for (var i = 0; i < count; i++)
                RawMemory.Put(to + i * bytes, bytes, Get(instruction.From[1 + i], lane));
        }
    }

    /// <summary>Changes memory, one thread after the other: what was there goes to a register, if the instruction has one.</summary>
    public void Update(PtxInstruction instruction, uint lanes, Func<ulong, ulong, ulong, ulong> update)
    {
        var addresses = Addresses(instruction, stackalloc ulong[Size]);
        Tally.Atomics += BitOperations.PopCount(lanes);
        for (var lane = 0; lane < Size; lane++)
        {
            if ((lanes >> lane & 1) == 0)
                continue;
            var place = Place(instruction, addresses[lane], instruction.Bytes, isStore: true);
            var old = RawMemory.Get(place, instruction.Bytes);
            RawMemory.Put(place, instruction.Bytes, update(old, Get(instruction.From[1], lane), Get(instruction.From[^1], lane)));
            if (instruction.To.Length > 0)
                Set(instruction.To[0], lane, old);
        }
    }

    /// <summary>Enters copies to shared memory; they are made as late as they may be.</summary>
    public void CopyLater(PtxInstruction instruction, uint lanes)
    {
        var bytes = (int)instruction.Offset;
        Span<ulong> from = stackalloc ulong[Size];
        for (var lane = 0; lane < Size; lane++)
        {
            if ((lanes >> lane & 1) == 0)
                continue;
            from[lane] = Get(instruction.From[1], lane);
            _copies[lane].Enqueue((Get(instruction.From[0], lane), from[lane], bytes, _rounds[lane]));
        }

        Tally.Access(isShared: false, isStore: false, from, lanes, bytes);
    }

    /// <summary>Ends a round of copies.</summary>
    public void Commit(uint lanes)
    {
        for (var lane = 0; lane < Size; lane++)
            if ((lanes >> lane & 1) != 0)
                _rounds[lane]++;
    }

    /// <summary>Waits for the copies of all rounds but the last ones.</summary>
    public void WaitForCopies(uint lanes, int rounds)
    {
        for (var lane = 0; lane < Size; lane++)
        {
            while ((lanes >> lane & 1) != 0 && _copies[lane].TryPeek(out var copy) && copy.Round < _rounds[lane] - rounds)
            {
                _copies[lane].Dequeue();
                if ((copy.From | copy.To) % (ulong)copy.Bytes != 0)
                    throw new PtxFault($"a copy of {copy.Bytes} bytes from {copy.From:x} to {copy.To:x}");
                Buffer.MemoryCopy(Group.Memory.Place(copy.From, copy.Bytes, isStore: false), Group.Shared(copy.To, copy.Bytes), copy.Bytes, copy.Bytes);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.Free(_registers);

    private Span<ulong> Row(int register) => new(_registers + register * Size, Size);

    private void Branch(PtxInstruction instruction, uint lanes)
    {
        var staying = _now.Lanes & ~lanes;
        if (instruction.Targets.Length == 1 && (staying == 0 || lanes == 0))
        {
            _now.At = lanes == 0 ? _now.At + 1 : instruction.Targets[0];
            return;
        }

        // The threads go on from the meeting, when all ways to it have been gone.
        var (below, meeting) = (_now.At + 1, instruction.Meeting);
        _parted.Push((meeting, _now.Lanes, _now.Until));
        if (staying != 0)
            _parted.Push((below, staying, meeting));
        if (instruction.Targets.Length == 1)
        {
            _parted.Push((instruction.Targets[0], lanes, meeting));
        }
        else
        {
            for (var i = 0; i < instruction.Targets.Length; i++)
            {
                var chosen = 0u;
                for (var lane = 0; lane < Size; lane++)
                    if ((lanes >> lane & 1) != 0 && (uint)Get(instruction.From[0], lane) == i)
                        chosen |= 1u << lane;
                lanes &= ~chosen;
                if (chosen != 0)
                    _parted.Push((instruction.Targets[i], chosen, meeting));
            }

            if (lanes != 0)
                throw new PtxFault($"a choice that is not among {instruction.Targets.Length}");
        }

        _now = _parted.Pop();
    }

    private Span<ulong> Addresses(PtxInstruction instruction, Span<ulong> addresses)
    {
        for (var lane = 0; lane < Size; lane++)
            addresses[lane] = Get(instruction.From[0], lane) + (ulong)instruction.Offset;
        return addresses;
    }

    private long Place(PtxInstruction instruction, ulong address, int bytes, bool isStore)
    {
        if (address % (ulong)bytes != 0)
            throw new PtxFault($"{bytes} bytes at {address:x}, no multiple");
        return (long)(instruction.Space == PtxSpace.Shared ? Group.Shared(address, bytes)
            : instruction.Space == PtxSpace.Generic && address - PtxGroup.SharedWindow < PtxGroup.SharedWindowBytes ? Group.Shared(address - PtxGroup.SharedWindow, bytes)
            : Group.Memory.Place(address, bytes, isStore));
    }
}
