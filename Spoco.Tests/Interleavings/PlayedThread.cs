using System.Reflection;
using System.Runtime.InteropServices;

namespace Spoco.Tests.Interleavings;

/// <summary>Where a played thread stands.</summary>
internal enum ThreadState
{
    /// <summary>Before its next access to shared memory.</summary>
    Ready,

    /// <summary>At a barrier, until all of its group are.</summary>
    AtBarrier,

    /// <summary>At a barrier, until all of its warp are.</summary>
    AtWarpBarrier,

    /// <summary>At its end.</summary>
    Finished,
}

/// <summary>
/// One thread of a launch, as an interpreter of the instructions that the C# compiler made of the kernel or pass. It can stop before any access to
/// memory that others see, for as long as the schedule likes.
/// </summary>
internal sealed unsafe class PlayedThread : IDisposable
{
    private readonly PlayedMemory _memory;
    private readonly Stack<Frame> _frames = [];
    private readonly List<(long Start, long End)> _own = [];
    private readonly Value[] _stack = new Value[1024];
    private readonly Queue<(MethodBase Method, Value[] Arguments)> _calls = [];
    private int _top;
    private bool _mayAccess;

    /// <summary>A thread that will carry out calls, one after the other.</summary>
    /// <param name="launch">What is common to all threads.</param>
    /// <param name="number">Its number among all threads of the launch.</param>
    /// <param name="group">The number of its group.</param>
    /// <param name="lane">Its number in the group.</param>
    /// <param name="calls">Methods with their arguments; at least one.</param>
    public PlayedThread(PlayedLaunch launch, int number, int group, int lane, IEnumerable<(MethodBase Method, Value[] Arguments)> calls)
    {
        (Launch, _memory, Number, Group, Lane) = (launch, launch.Memory, number, group, lane);
        foreach (var call in calls)
            _calls.Enqueue(call);
        EnterNext();
    }

    /// <summary>What is common to all threads.</summary>
    public PlayedLaunch Launch { get; }

    /// <summary>Its number among all threads of the launch.</summary>
    public int Number { get; }

    /// <summary>The number of its group.</summary>
    public int Group { get; }

    /// <summary>Its number in the group.</summary>
    public int Lane { get; }

    /// <summary>Its warp: threads that work together on matrix units.</summary>
    public int Warp => Lane / PlayedLaunch.WarpSize;

    /// <summary>Barriers of its group that it has passed.</summary>
    public int Epoch { get; private set; }

    /// <summary>Barriers of its warp that it has passed.</summary>
    public int WarpEpoch { get; private set; }

    /// <summary>The time of its last barrier, in stores: it must see what was stored by then.</summary>
    public long SynchronizedAt { get; private set; }

    /// <summary>The version of each word that it is bound to have seen.</summary>
    public Dictionary<long, int> Seen { get; } = [];

    /// <summary>Words as it goes on seeing them, where staleness lasts.</summary>
    public Dictionary<long, ulong> Cached { get; } = [];

    /// <summary>Where it stands.</summary>
    public ThreadState State { get; private set; }

    /// <summary>Accesses so far.</summary>
    public long Accesses { get; private set; }

    /// <summary>The method whose instruction it executes.</summary>
    public string Place => _frames.TryPeek(out var frame) ? Player.NameOf(frame.Method.Method) : "";

    /// <summary>What goes on after a barrier that all have reached.</summary>
    public void Pass(long time)
    {
        if (State == ThreadState.AtWarpBarrier)
            WarpEpoch++;
        else
            Epoch++;
        (State, SynchronizedAt) = (ThreadState.Ready, time);
        Cached.Clear();
    }

    /// <summary>Makes one access to shared memory, and goes on until it is about to make the next.</summary>
    public void Advance()
    {
        _mayAccess = true;
        while (State == ThreadState.Ready && Step())
        {
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (start, _) in _own)
            NativeMemory.Free((void*)start);
        _own.Clear();
    }

    private void EnterNext()
    {
        var (method, arguments) = _calls.Dequeue();
        var body = IlMethod.Of(method);
        Enter(body, Narrowed(body, arguments));
    }

    private void Enter(IlMethod method, Value[] arguments)
    {
        if (_frames.Count > 200)
            throw new PlayFault("calls nested too deeply");
        _frames.Push(new Frame(method, arguments, Array.ConvertAll(method.Locals, Value.Default), _top));
    }

    private void Push(in Value value) => _stack[_top++] = value;

    private ref Value Pop() => ref _stack[--_top];

    // Whether an access may be made now; otherwise the thread stops before it.
    private bool May()
    {
        if (!_mayAccess)
            return false;
        _mayAccess = false;
        Accesses++;
        return true;
    }

    private bool IsShared(in Value address)
    {
        if (address.Kind == ValueKind.Reference)
            return address.Object is Array and not Value[] or FieldPlace;
        foreach (var (start, end) in _own)
            if (address.Bits >= start && address.Bits < end)
                return false;
        return true;
    }

    // Executes one instruction; false where the thread stops.
    private bool Step()
    {
        var frame = _frames.Peek();
        var instruction = frame.Method.Instructions[frame.At];
        var op = (Op)(ushort)instruction.OpCode.Value;
        var next = frame.At + 1;
        switch (op)
        {
            case Op.Nop:
                break;
            case >= Op.Ldarg0 and <= Op.Ldarg3:
                Push(frame.Arguments[op - Op.Ldarg0].Copy());
                break;
            case Op.LdargS or Op.Ldarg:
                Push(frame.Arguments[instruction.Number].Copy());
                break;
            case Op.LdargaS or Op.Ldarga:
                Push(Value.ReferenceTo(frame.Arguments, instruction.Number));
                break;
            case Op.StargS or Op.Starg:
                frame.Arguments[instruction.Number] = Pop().As(frame.Method.Arguments[instruction.Number]);
                break;
            case >= Op.Ldloc0 and <= Op.Ldloc3:
                Push(frame.Locals[op - Op.Ldloc0].Copy());
                break;
            case Op.LdlocS or Op.Ldloc:
                Push(frame.Locals[instruction.Number].Copy());
                break;
            case Op.LdlocaS or Op.Ldloca:
                Push(Value.ReferenceTo(frame.Locals, instruction.Number));
                break;
            case >= Op.Stloc0 and <= Op.Stloc3:
                frame.Locals[op - Op.Stloc0] = Pop().As(frame.Method.Locals[op - Op.Stloc0]);
                break;
            case Op.StlocS or Op.Stloc:
                frame.Locals[instruction.Number] = Pop().As(frame.Method.Locals[instruction.Number]);
                break;
            case Op.Ldnull:
                Push(Value.Of((object?)null));
                break;
            case >= Op.LdcI4M1 and <= Op.LdcI48:
                Push(Value.Of((int)op - (int)Op.LdcI40));
                break;
            case Op.LdcI4S or Op.LdcI4:
                Push(Value.Of((int)instruction.Number));
                break;
            case Op.LdcI8:
                Push(Value.Of(instruction.Number));
                break;
            case Op.LdcR4:
                Push(Value.Of(BitConverter.Int32BitsToSingle((int)instruction.Number)));
                break;
            case Op.LdcR8:
                Push(Value.Of(BitConverter.Int64BitsToDouble(instruction.Number)));
                break;
            case Op.Ldstr:
                Push(Value.Of(instruction.Operand));
                break;
            case Op.Dup:
                Push(_stack[_top - 1].Copy());
                break;
            case Op.Pop:
                _top--;
                break;
            case Op.BrS or Op.Br:
                next = (int)instruction.Number;
                break;
            case Op.BrfalseS or Op.Brfalse:
                if (!IsTrue(Pop()))
                    next = (int)instruction.Number;
                break;
            case Op.BrtrueS or Op.Brtrue:
                if (IsTrue(Pop()))
                    next = (int)instruction.Number;
                break;
            case >= Op.BeqS and <= Op.BltUnS:
                if (Compares(op - Op.BeqS))
                    next = (int)instruction.Number;
                break;
            case >= Op.Beq and <= Op.BltUn:
                if (Compares(op - Op.Beq))
                    next = (int)instruction.Number;
                break;
            case Op.Switch:
                var targets = (int[])instruction.Operand!;
                var choice = (uint)Pop().Int;
                if (choice < targets.Length)
                    next = targets[choice];
                break;
            case Op.Ceq:
                Push(Value.Of(Compares(0)));
                break;
            case Op.Cgt:
                Push(Value.Of(Compares(2)));
                break;
            case Op.CgtUn:
                Push(Value.Of(Compares(7)));
                break;
            case Op.Clt:
                Push(Value.Of(Compares(4)));
                break;
            case Op.CltUn:
                Push(Value.Of(Compares(9)));
                break;
            case Op.Add or Op.Sub or Op.Mul or Op.Div or Op.DivUn or Op.Rem or Op.RemUn or Op.And or Op.Or or Op.Xor
                or Op.AddOvf or Op.AddOvfUn or Op.SubOvf or Op.SubOvfUn or Op.MulOvf or Op.MulOvfUn:
                var right = Pop();
                var left = Pop();
                Push(Arithmetic.Binary(op, left, right));
                break;
            case Op.Shl or Op.Shr or Op.ShrUn:
                var shift = Pop();
                var shifted = Pop();
                Push(Arithmetic.Shift(op, shifted, shift.Int));
                break;
            case Op.Neg:
                var negated = Pop();
                Push(negated.Kind switch
                {
                    ValueKind.Single => Value.Of(-negated.Single),
                    ValueKind.Double => Value.Of(-negated.Double),
                    ValueKind.Int32 => Value.Of(-negated.Int),
                    _ => Value.Of(-negated.Bits),
                });
                break;
            case Op.Not:
                var inverted = Pop();
                Push(inverted.Kind == ValueKind.Int32 ? Value.Of(~inverted.Int) : Value.Of(~inverted.Bits));
                break;
            case >= Op.ConvI1 and <= Op.ConvU8 or Op.ConvRUn or >= Op.ConvOvfI1Un and <= Op.ConvOvfUUn or >= Op.ConvOvfI1 and <= Op.ConvOvfU8
                or >= Op.ConvU2 and <= Op.ConvOvfU or Op.ConvU:
                Push(Arithmetic.Convert(op, Pop()));
                break;
            case >= Op.LdindI1 and <= Op.LdindRef:
                if (IsShared(_stack[_top - 1]) && !May())
                    return false;
                Push(Load(Pop(), Element(op - Op.LdindI1)));
                break;
            case >= Op.StindRef and <= Op.StindR8 or Op.StindI:
                if (IsShared(_stack[_top - 2]) && !May())
                    return false;
                var stored = Pop();
                Store(Pop(), Stored(op), stored);
                break;
            case Op.Ldobj:
                if (IsShared(_stack[_top - 1]) && !May())
                    return false;
                Push(Load(Pop(), (Type)instruction.Operand!));
                break;
            case Op.Stobj:
                if (IsShared(_stack[_top - 2]) && !May())
                    return false;
                var copied = Pop().Copy();
                Store(Pop(), (Type)instruction.Operand!, copied);
                break;
            case Op.Cpobj:
                if ((IsShared(_stack[_top - 1]) || IsShared(_stack[_top - 2])) && !May())
                    return false;
                var from = Pop();
                Store(Pop(), (Type)instruction.Operand!, Load(from, (Type)instruction.Operand!));
                break;
            case Op.Initobj:
                if (IsShared(_stack[_top - 1]) && !May())
                    return false;
                Store(Pop(), (Type)instruction.Operand!, Value.Default((Type)instruction.Operand!));
                break;
            case Op.Ldfld:
                if (!LoadField(instruction))
                    return false;
                break;
            case Op.Ldflda:
                FieldAddress(instruction);
                break;
            case Op.Stfld:
                if (!StoreField(instruction))
                    return false;
                break;
            case Op.Ldsfld:
                var source = (FieldInfo)instruction.Operand!;
                Push(Value.From(source.GetValue(null), source.FieldType));
                break;
            case Op.Stsfld:
                var target = (FieldInfo)instruction.Operand!;
                target.SetValue(null, Pop().To(target.FieldType));
                break;
            case Op.Sizeof:
                Push(Value.Of(Layout.SizeOf((Type)instruction.Operand!)));
                break;
            case Op.Localloc:
                var bytes = Math.Max(8, Pop().Bits);
                var memory = (long)NativeMemory.AllocZeroed((nuint)bytes);
                _own.Add((memory, memory + bytes));
                Push(Value.Of(memory));
                break;
            case Op.Newarr:
                Push(Value.Of(Array.CreateInstance((Type)instruction.Operand!, (int)Pop().Bits)));
                break;
            case Op.Ldlen:
                Push(Value.Of((long)((Array)Pop().Object!).Length));
                break;
            case Op.Ldelema:
                var index = Pop().Bits;
                Push(Value.ReferenceTo(Pop().Object!, index));
                break;
            case >= Op.LdelemI1 and <= Op.LdelemRef or Op.Ldelem:
                if (!May())
                    return false;
                var at = Pop().Bits;
                var array = (Array)Pop().Object!;
                _memory.VisitManaged(this, array, at, Access.Read);
                Push(Value.From(array.GetValue(Bounded(array, at)), array.GetType().GetElementType()!));
                break;
            case >= Op.StelemI and <= Op.StelemRef or Op.Stelem:
                if (!May())
                    return false;
                var element = Pop();
                var place = Pop().Bits;
                var into = (Array)Pop().Object!;
                _memory.VisitManaged(this, into, place, Access.Write, element.Bits);
                into.SetValue(element.To(into.GetType().GetElementType()!), Bounded(into, place));
                break;
            case Op.Box:
                var boxed = Pop();
                Push(Value.Of(boxed.To((Type)instruction.Operand!)));
                break;
            case Op.UnboxAny:
                Push(Value.From(Pop().Object, (Type)instruction.Operand!));
                break;
            case Op.Castclass:
                break;
            case Op.Isinst:
                if (!((Type)instruction.Operand!).IsInstanceOfType(_stack[_top - 1].Object))
                    _stack[_top - 1] = Value.Of((object?)null);
                break;
            case Op.Ldftn:
                Push(Value.Of(instruction.Operand));
                break;
            case Op.Call or Op.Callvirt or Op.Newobj:
                frame.At = next;
                if (Call(instruction, op))
                    return State == ThreadState.Ready;
                frame.At = next - 1;
                return false;
            case Op.Leave or Op.LeaveS:
                next = LeaveTo(frame, (int)instruction.Number);
                break;
            case Op.Endfinally:
                next = frame.Leaving.Pop();
                break;
            case Op.Throw:
                throw new PlayFault($"{Place} threw {Pop().Object}");
            case Op.Ret:
                _frames.Pop();
                if (frame.Method.ReturnsValue)
                {
                    var result = Pop().As(((MethodInfo)frame.Method.Method).ReturnType);
                    _top = frame.StackBase;
                    Push(result);
                }
                else
                {
                    _top = frame.StackBase;
                }

                if (_frames.Count == 0 && _calls.Count == 0)
                    State = ThreadState.Finished;
                else if (_frames.Count == 0)
                    EnterNext();
                return State == ThreadState.Ready;
            default:
                throw new NotSupportedException($"{Place}: {instruction} is not played.");
        }

        frame.At = next;
        return true;
    }

    // The finally blocks on the way out of a try block, then the target.
    private static int LeaveTo(Frame frame, int target)
    {
        frame.Leaving.Push(target);
        foreach (var (from, until, handler) in frame.Method.Finally.Reverse())
            if (frame.At >= from && frame.At < until && (target < from || target >= until))
                frame.Leaving.Push(handler);
        return frame.Leaving.Pop();
    }

    private bool Call(IlInstruction instruction, Op op)
    {
        var site = (CallSite)(instruction.Resolved ??= CallSite.Of((MethodBase)instruction.Operand!, instruction.Constraint, op == Op.Newobj));
        var arguments = new Span<Value>(_stack, _top - site.Arguments, site.Arguments);
        if (site.Intrinsic is { } intrinsic)
        {
            if (intrinsic.IsShared && IsShared(arguments[0]) && !May())
                return false;
            var result = intrinsic.Body(this, site.Method, arguments);
            _top -= site.Arguments;
            if (site.ReturnsValue)
                Push(result);
            return true;
        }

        if (op != Op.Newobj && site.IsDelegate)
        {
            var action = (Delegate)arguments[0].Object!;
            var given = arguments[1..].ToArray();
            _top -= site.Arguments;
            Value[] all = action.Method.IsStatic ? given : [Value.Of(action.Target), .. given];
            Enter(IlMethod.Of(action.Method), all);
            return true;
        }

        if (site.IsNative)
        {
            var result = site.Invoke(arguments);
            if (site.TakesPointers)
                _memory.Refresh(this);
            _top -= site.Arguments;
            if (site.ReturnsValue)
                Push(result);
            return true;
        }

        var called = site.Method;
        if (op == Op.Callvirt && called.IsVirtual && instruction.Constraint is null)
            called = CallSite.Override((MethodInfo)called, arguments[0].Object!.GetType());
        var body = IlMethod.Of(called);
        if (op == Op.Newobj)
        {
            // A struct: its constructor works on a new variable.
            var variable = new[] { Value.Default(called.DeclaringType!) };
            Value[] all = [Value.ReferenceTo(variable), .. arguments];
            _top -= site.Arguments;
            Enter(body, Narrowed(body, all));
            return RunConstructor(variable);
        }

        Value[] copy = Narrowed(body, arguments.ToArray());
        _top -= site.Arguments;
        Enter(body, copy);
        return true;
    }

    // Constructors of structs touch nothing that others see.
    private bool RunConstructor(Value[] variable)
    {
        var depth = _frames.Count;
        while (_frames.Count >= depth)
        {
            if (!Step())
                throw new NotSupportedException($"{Place}: a constructor reaches shared memory.");
        }

        Push(variable[0]);
        return true;
    }

    private static Value[] Narrowed(IlMethod body, Value[] arguments)
    {
        for (var i = 0; i < arguments.Length; i++)
            arguments[i] = arguments[i].As(body.Arguments[i]);
        return arguments;
    }

    /// <summary>Stops at a barrier.</summary>
    public void Wait() => State = ThreadState.AtBarrier;

    /// <summary>Stops at a barrier of its warp.</summary>
    public void WaitForWarp() => State = ThreadState.AtWarpBarrier;

    /// <summary>Reads a value where an address or reference leads.</summary>
    public Value Load(in Value address, Type type)
    {
        if (address.Kind == ValueKind.Reference)
        {
            VisitManaged(address, Access.Read);
            return address.Object switch
            {
                Value[] variables => variables[address.Bits].Copy(),
                FieldPlace place => Value.From(place.Field.GetValue(place.Instance), place.Field.FieldType),
                Array array => Value.From(array.GetValue(Bounded(array, address.Bits)), type),
                _ => throw new NotSupportedException($"{Place}: a reference to {address.Object}."),
            };
        }

        if (type.IsEnum)
            type = Enum.GetUnderlyingType(type);
        if (!Layout.IsScalar(type))
        {
            var (fields, offsets) = (Layout.Fields(type), Layout.Offsets(type));
            var values = new Value[fields.Length];
            for (var i = 0; i < fields.Length; i++)
                values[i] = Load(Value.Of(address.Bits + offsets[i]), fields[i].FieldType);
            return Value.Of(values);
        }

        var size = Layout.SizeOf(type);
        var bits = IsShared(address) ? _memory.Load(this, address.Bits, size) : RawMemory.Get(address.Bits, size);
        return Type.GetTypeCode(type) switch
        {
            TypeCode.Single => new Value { Kind = ValueKind.Single, Bits = (int)bits },
            TypeCode.Double => new Value { Kind = ValueKind.Double, Bits = (long)bits },
            _ => (size == 8 ? Value.Of((long)bits) : Value.Of((int)bits)).As(type),
        };
    }

    /// <summary>Writes a value where an address or reference leads.</summary>
    public void Store(in Value address, Type type, in Value value)
    {
        if (address.Kind == ValueKind.Reference)
        {
            VisitManaged(address, Access.Write, value.Bits);
            switch (address.Object)
            {
                case Value[] variables:
                    variables[address.Bits] = value.As(type);
                    break;
                case FieldPlace place:
                    place.Field.SetValue(place.Instance, value.To(place.Field.FieldType));
                    break;
                case Array array:
                    array.SetValue(value.To(array.GetType().GetElementType()!), Bounded(array, address.Bits));
                    break;
                default:
                    throw new NotSupportedException($"{Place}: a reference to {address.Object}.");
            }

            return;
        }

        if (!Layout.IsScalar(type))
        {
            var (fields, offsets) = (Layout.Fields(type), Layout.Offsets(type));
            for (var i = 0; i < fields.Length; i++)
                Store(Value.Of(address.Bits + offsets[i]), fields[i].FieldType, value.Fields[i]);
            return;
        }

        var size = Layout.SizeOf(type);
        var bits = (ulong)value.As(type).Bits;
        if (IsShared(address))
            _memory.Store(this, address.Bits, size, bits);
        else
            RawMemory.Put(address.Bits, size, bits);
    }

    /// <summary>Replaces a value at once by what <paramref name="change"/> makes of its bits; returns the bits before.</summary>
    public ulong Exchange(in Value address, Type type, Func<ulong, ulong> change)
    {
        if (address.Kind == ValueKind.Reference)
        {
            VisitManaged(address, Access.Atomic);
            var place = (FieldPlace)address.Object!;
            var before = (ulong)Value.From(place.Field.GetValue(place.Instance), place.Field.FieldType).Bits;
            place.Field.SetValue(place.Instance, new Value { Kind = Value.Default(type).Kind, Bits = (long)change(before) }.To(place.Field.FieldType));
            return before;
        }

        return _memory.Exchange(this, address.Bits, Layout.SizeOf(type), change);
    }

    // Variables of the thread are nobody else's.
    private void VisitManaged(in Value reference, Access access, long bits = 0)
    {
        if (reference.Object is FieldPlace place)
            _memory.VisitManaged(this, place.Instance, place.Field.MetadataToken, access, bits);
        else if (reference.Object is Array and not Value[])
            _memory.VisitManaged(this, reference.Object, reference.Bits, access, bits);
    }

    private bool LoadField(IlInstruction instruction)
    {
        var field = (FieldInfo)instruction.Operand!;
        ref var holder = ref _stack[_top - 1];
        switch (holder.Kind)
        {
            case ValueKind.Struct:
                Push(Pop().Fields[FieldIndex(instruction, field)].Copy());
                return true;
            case ValueKind.Reference:
                if (holder.Object is Value[] variables)
                {
                    _top--;
                    Push(variables[holder.Bits].Fields[FieldIndex(instruction, field)].Copy());
                    return true;
                }

                var whole = Load(Pop(), field.DeclaringType!);
                Push(whole.Fields[FieldIndex(instruction, field)].Copy());
                return true;
            case ValueKind.Int64:
                if (IsShared(holder) && !May())
                    return false;
                Push(Load(Value.Of(Pop().Bits + Layout.OffsetOf(field)), field.FieldType));
                return true;
            default:
                _memory.VisitManaged(this, holder.Object!, field.MetadataToken, Access.Read);
                Push(Value.From(field.GetValue(Pop().Object), field.FieldType));
                return true;
        }
    }

    private void FieldAddress(IlInstruction instruction)
    {
        var field = (FieldInfo)instruction.Operand!;
        var holder = Pop();
        Push(holder.Kind switch
        {
            ValueKind.Reference when holder.Object is Value[] variables =>
                Value.ReferenceTo(variables[holder.Bits].Fields, FieldIndex(instruction, field)),
            ValueKind.Int64 => Value.Of(holder.Bits + Layout.OffsetOf(field)),
            ValueKind.Object => Value.ReferenceTo(new FieldPlace(holder.Object!, field)),
            _ => throw new NotSupportedException($"{Place}: the address of {field}."),
        });
    }

    private bool StoreField(IlInstruction instruction)
    {
        var field = (FieldInfo)instruction.Operand!;
        var holder = _stack[_top - 2];
        if (holder.Kind == ValueKind.Int64 && IsShared(holder) && !May())
            return false;
        var value = Pop().Copy();
        _top--;
        switch (holder.Kind)
        {
            case ValueKind.Reference when holder.Object is Value[] variables:
                variables[holder.Bits].Fields[FieldIndex(instruction, field)] = value.As(field.FieldType);
                break;
            case ValueKind.Int64:
                Store(Value.Of(holder.Bits + Layout.OffsetOf(field)), field.FieldType, value);
                break;
            case ValueKind.Object:
                _memory.VisitManaged(this, holder.Object!, field.MetadataToken, Access.Write, value.Bits);
                field.SetValue(holder.Object, value.To(field.FieldType));
                break;
            default:
                throw new NotSupportedException($"{Place}: storing into {field}.");
        }

        return true;
    }

    private static int FieldIndex(IlInstruction instruction, FieldInfo field) => (int)(instruction.Resolved ??= Layout.IndexOf(field));

    private long Bounded(Array array, long index) => index >= 0 && index < array.Length
        ? index
        : throw new PlayFault($"{Place}: index {index} of an array of {array.Length}");

    private static bool IsTrue(in Value value) => value.Kind is ValueKind.Object or ValueKind.Reference ? value.Object is not null : value.Bits != 0;

    // 0 ==, 1 >=, 2 >, 3 <=, 4 <, and without signs, or with NaN counting as true: 5 !=, 6 >=, 7 >, 8 <=, 9 <.
    private bool Compares(int how)
    {
        var right = Pop();
        var left = Pop();
        return Arithmetic.Compare(how, left, right);
    }

    private static Type Element(int ldind) => ldind switch
    {
        0 => typeof(sbyte),
        1 => typeof(byte),
        2 => typeof(short),
        3 => typeof(ushort),
        4 => typeof(int),
        5 => typeof(uint),
        6 => typeof(long),
        7 => typeof(nint),
        8 => typeof(float),
        9 => typeof(double),
        _ => typeof(object),
    };

    private static Type Stored(Op stind) => stind switch
    {
        Op.StindI1 => typeof(byte),
        Op.StindI2 => typeof(short),
        Op.StindI4 => typeof(int),
        Op.StindI8 => typeof(long),
        Op.StindR4 => typeof(float),
        Op.StindR8 => typeof(double),
        Op.StindI => typeof(nint),
        _ => typeof(object),
    };

    private sealed class Frame(IlMethod method, Value[] arguments, Value[] locals, int stackBase)
    {
        public IlMethod Method { get; } = method;

        public Value[] Arguments { get; } = arguments;

        public Value[] Locals { get; } = locals;

        public int StackBase { get; } = stackBase;

        public Stack<int> Leaving { get; } = [];

        public int At { get; set; }
    }
}
