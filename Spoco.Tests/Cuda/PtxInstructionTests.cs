namespace Spoco.Tests.Cuda;

/// <summary>What the interpreter makes of instructions, and what it refuses: written against the manual (PTX ISA 7.8), not against kernels.</summary>
public sealed class PtxInstructionTests
{
    private const int Size = PtxWarp.Size;

    [TestCase("add.s32", 7u, 0xfffffffeu, 5u)]
    [TestCase("sub.s32", 3u, 5u, 0xfffffffeu)]
    [TestCase("mul.lo.s32", 0x10000u, 0x10001u, 0x10000u)]
    [TestCase("div.s32", 0xfffffff9u, 2u, 0xfffffffdu)]
    [TestCase("rem.s32", 0xfffffff9u, 2u, 0xffffffffu)]
    [TestCase("div.s32", 0x80000000u, 0xffffffffu, 0x80000000u)]
    [TestCase("min.s32", 0xffffffffu, 1u, 0xffffffffu)]
    [TestCase("min.u32", 0xffffffffu, 1u, 1u)]
    [TestCase("shl.b32", 1u, 31u, 0x80000000u)]
    [TestCase("shl.b32", 1u, 32u, 0u)]
    [TestCase("shr.s32", 0x80000000u, 40u, 0xffffffffu)]
    [TestCase("shr.u32", 0x80000000u, 40u, 0u)]
    [TestCase("xor.b32", 0xff00ff00u, 0xffffu, 0xff0000ffu)]
    public void Words_are_computed(string name, uint a, uint b, uint expected) => Assert.That(Run($"{name} %r3, %r1, %r2;", a, b), Has.All.EqualTo(expected));

    [TestCase("add.f32", 1f, 1e-8f, 1f)]
    [TestCase("div.rn.f32", 1f, 3f, 1f / 3)]
    [TestCase("max.f32", float.NaN, 3f, 3f)]
    [TestCase("min.f32", 3f, float.NaN, 3f)]
    public void Numbers_are_computed(string name, float a, float b, float expected) =>
        Assert.That(Run($"mov.b32 %f1, %r1; mov.b32 %f2, %r2; {name} %f3, %f1, %f2; mov.b32 %r3, %f3;", Bits(a), Bits(b)), Has.All.EqualTo(Bits(expected)));

    // With a 'u' what is no number compares as true.
    [TestCase("setp.lt.f32", float.NaN, 1f, 0u)]
    [TestCase("setp.ltu.f32", float.NaN, 1f, 1u)]
    [TestCase("setp.ne.f32", float.NaN, 1f, 0u)]
    [TestCase("setp.neu.f32", float.NaN, 1f, 1u)]
    [TestCase("setp.ge.f32", 1f, 1f, 1u)]
    public void Numbers_are_compared(string name, float a, float b, uint expected) =>
        Assert.That(Run($"mov.b32 %f1, %r1; mov.b32 %f2, %r2; {name} %p1, %f1, %f2; selp.b32 %r3, 1, 0, %p1;", Bits(a), Bits(b)), Has.All.EqualTo(expected));

    [TestCase("cvt.s64.s32 %rd8, %r1; shr.u64 %rd8, %rd8, 32; cvt.u32.u64 %r3, %rd8;", 0x80000000u, 0xffffffffu)]
    [TestCase("cvt.u64.u32 %rd8, %r1; shr.u64 %rd8, %rd8, 32; cvt.u32.u64 %r3, %rd8;", 0x80000000u, 0u)]
    [TestCase("cvt.u16.u32 %rs1, %r1; cvt.s32.s16 %r3, %rs1;", 0x1ffffu, 0xffffffffu)]
    [TestCase("mov.b32 %f1, 0fc0200000; cvt.rzi.s32.f32 %r3, %f1;", 0u, 0xfffffffeu)]
    [TestCase("mul.wide.u32 %rd8, %r1, %r1; shr.u64 %rd8, %rd8, 32; cvt.u32.u64 %r3, %rd8;", 0xffffffffu, 0xfffffffeu)]
    public void Types_are_converted(string body, uint a, uint expected) => Assert.That(Run(body, a, 0), Has.All.EqualTo(expected));

    [Test]
    public void Threads_part_and_meet_again()
    {
        // The Collatz steps of every thread's number, then a product of the warp's, for which all have to be together.
        var found = Run(
            """
            mov.u32 %r4, %tid.x; add.s32 %r4, %r4, 1; mov.b32 %r3, 0;
            L_again:
            setp.eq.s32 %p1, %r4, 1; @%p1 bra L_end;
            and.b32 %r5, %r4, 1; setp.eq.s32 %p2, %r5, 0; @%p2 bra L_even;
            mad.lo.s32 %r4, %r4, 3, 1; bra.uni L_next;
            L_even:
            shr.s32 %r4, %r4, 1;
            L_next:
            add.s32 %r3, %r3, 1; bra L_again;
            L_end:
            bar.sync 0;
            """, 0, 0);
        Assert.That(found, Is.EqualTo(Enumerable.Range(1, Size).Select(n =>
        {
            var steps = 0u;
            for (var i = n; i != 1; i = i % 2 == 0 ? i / 2 : 3 * i + 1)
                steps++;
            return steps;
        })));
    }

    [Test]
    public void A_choice_by_number_goes_to_its_target()
    {
        var found = Run(
            """
            mov.u32 %r4, %tid.x; and.b32 %r4, %r4, 3; mov.b32 %r3, 9;
            L_choices: .branchtargets L_0, L_1, L_2, L_2;
            brx.idx %r4, L_choices;
            L_0: mov.b32 %r3, 10; bra.uni L_end;
            L_1: mov.b32 %r3, 11; bra.uni L_end;
            L_2: add.s32 %r3, %r3, 3;
            L_end: bar.sync 0;
            """, 0, 0);
        Assert.That(found, Is.EqualTo(Enumerable.Range(0, Size).Select(i => (uint)Math.Min(10 + i % 4, 12))));
    }

    // Word w of row r of matrix m is 100 m + 10 r + w; thread 4 r + w gets it.
    [TestCase("")]
    [TestCase(".trans")]
    public void Matrices_are_loaded_by_rows(string transposed)
    {
        var found = Run(
            $$"""
            mov.u32 %r4, %tid.x; shr.u32 %r5, %r4, 2; and.b32 %r6, %r4, 3;
            mad.lo.s32 %r7, %r5, 10, %r6; mul.lo.s32 %r8, %r4, 4;
            st.shared.b32 [%r8], %r7; add.s32 %r7, %r7, 100; st.shared.b32 [%r8+128], %r7;
            bar.sync 0;
            and.b32 %r9, %r4, 15; mul.lo.s32 %r9, %r9, 16;
            ldmatrix.sync.aligned.m8n8.x2{{transposed}}.shared.b16 {%r10, %r3}, [%r9];
            """, 0, 0);
        // Transposed: elements 2 w and 2 w + 1 of column r, the lower halves of words of even columns.
        Assert.That(found, Is.EqualTo(Enumerable.Range(0, Size).Select(i => transposed == "" ? (uint)(100 + 10 * (i / 4) + i % 4)
            : i / 4 % 2 == 1 ? 0 : Word(2 * (i % 4), i / 8) | Word(2 * (i % 4) + 1, i / 8) << 16)));

        static uint Word(int row, int word) => (uint)(100 + 10 * row + word);
    }

    [TestCase("m16n8k8", "tf32", 4, 2)]
    [TestCase("m16n8k16", "bf16", 4, 2)]
    [TestCase("m16n8k8", "bf16", 2, 1)]
    public void Products_are_those_of_matrices(string shape, string type, int a, int b)
    {
        var (depth, isBrain) = (int.Parse(shape[(shape.LastIndexOf('k') + 1)..]), type == "bf16");
        var random = new Random(5);
        var (left, right) = (new float[16, depth], new float[depth, 8]);
        foreach (var matrix in (float[][,])[left, right])
            for (var i = 0; i < matrix.GetLength(0); i++)
                for (var j = 0; j < matrix.GetLength(1); j++)
                    matrix[i, j] = random.Next(-100, 100) / 8f;
        var memory = new uint[Size * (a + b)];
        for (var lane = 0; lane < Size; lane++)
        {
            var (g, t) = (lane / 4, lane % 4);
            for (var i = 0; i < a; i++)
                memory[i * Size + lane] = isBrain ? Pair(left[g + 8 * (i % 2), 2 * t + 8 * (i / 2)], left[g + 8 * (i % 2), 2 * t + 8 * (i / 2) + 1]) : Bits(left[g + 8 * (i % 2), t + 4 * (i / 2)]);
            for (var i = 0; i < b; i++)
                memory[(a + i) * Size + lane] = isBrain ? Pair(right[2 * t + 8 * i, g], right[2 * t + 8 * i + 1, g]) : Bits(right[t + 4 * i, g]);
        }

        var names = Enumerable.Range(0, a + b).Select(i => $"%r{10 + i}").ToArray();
        var loads = "mov.u32 %r4, %tid.x; mul.wide.u32 %rd8, %r4, 4; add.u64 %rd8, %rd8, %rd5; "
            + string.Concat(names.Select((name, i) => $"ld.global.b32 {name}, [%rd8+{4 * Size * i}]; "));
        for (var i = 0; i < 4; i++)
        {
            var found = Run(
                $$"""
                {{loads}} mov.b32 %f1, 0f3f800000;
                mma.sync.aligned.{{shape}}.row.col.f32.{{type}}.{{type}}.f32 {%f4, %f5, %f6, %f7}, { {{string.Join(", ", names[..a])}} }, { {{string.Join(", ", names[a..])}} }, {%f1, %f1, %f1, %f1};
                mov.b32 %r3, %f{{4 + i}};
                """, 0, 0, memory);
            for (var lane = 0; lane < Size; lane++)
            {
                var sum = 1f;
                for (var k = 0; k < depth; k++)
                    sum += left[lane / 4 + 8 * (i / 2), k] * right[k, 2 * (lane % 4) + i % 2];
                Assert.That(BitConverter.UInt32BitsToSingle(found[lane]), Is.EqualTo(sum), $"thread {lane}, register {i}");
            }
        }

        static uint Pair(float low, float high) => Bits(low) >> 16 | Bits(high) & 0xffff0000;
    }

    // The copy is made when it is waited for, and not before.
    [TestCase(0, 17u)]
    [TestCase(1, 5u)]
    public void Copies_are_made_when_they_are_waited_for(int rounds, uint expected)
    {
        var found = Run(
            $$"""
            mov.u32 %r4, %tid.x; mul.lo.s32 %r5, %r4, 16; mov.b32 %r6, 5; st.shared.b32 [%r5], %r6;
            cvt.u64.u32 %rd8, %r5; add.u64 %rd8, %rd8, %rd5;
            cp.async.ca.shared.global [%r5], [%rd8], 16; cp.async.commit_group;
            cp.async.wait_group {{rounds}};
            ld.shared.b32 %r3, [%r5];
            """, 0, 0, [.. Enumerable.Repeat(17u, 4 * Size)]);
        Assert.That(found, Has.All.EqualTo(expected));
    }

    [TestCase("ld.global.b32 %r3, [%rd5+4096];", "in no memory of the device")]
    [TestCase("add.u64 %rd8, %rd5, 2; ld.global.b32 %r3, [%rd8];", "no multiple")]
    [TestCase("mov.b32 %r4, 2048; ld.shared.b32 %r3, [%r4];", "outside 1024 bytes of shared memory")]
    [TestCase("mov.b64 %rd8, memory; cvta.to.shared.u64 %rd8, %rd8; ld.shared.b32 %r3, [%rd8];", "outside 1024 bytes of shared memory", Description = "an address within shared memory taken for a generic one")]
    [TestCase("mov.b64 %rd8, memory; ld.b32 %r3, [%rd8];", "in no memory of the device")]
    [TestCase("mov.u32 %r4, %tid.x; setp.lt.s32 %p1, %r4, 5; @%p1 bra L_1; bar.sync 0; L_1: mov.b32 %r3, 0;", "27 of 32 threads of a warp are at a barrier")]
    [TestCase("mov.u32 %r4, %tid.x; setp.lt.s32 %p1, %r4, 5; @%p1 ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r3}, [%r4];", "5 of 32 threads of a warp are at")]
    [TestCase("mov.b32 %r4, 8; ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r3}, [%r4];", "no multiple of 16 bytes")]
    [TestCase("frobnicate.b32 %r3, %r1;", "frobnicate.b32 is not known")]
    public void What_a_GPU_does_not_do_is_a_fault(string body, string message) =>
        Assert.That(() => Run(body, 0, 0), Throws.InstanceOf<PtxFault>().With.Message.Contain(message));

    [Test]
    public void A_warp_that_does_not_come_to_the_barrier_is_a_fault() => Assert.That(
        () => Run("mov.u32 %r4, %tid.x; setp.ge.s32 %p1, %r4, 32; @%p1 ret; bar.sync 0; mov.b32 %r3, 0;", 0, 0, threads: 64),
        Throws.InstanceOf<PtxFault>().With.Message.Contain("1 of 2 warps are at a barrier"));

    [Test]
    public void Banks_and_sectors_are_counted()
    {
        // Columns of 32 words lie in one bank; rows in all. One word for all is read once; words 64 bytes apart are in a sector each.
        Assert.That(Count("mul.lo.s32 %r5, %r4, 4; ld.shared.b32 %r3, [%r5];").Shared, Is.EqualTo((1, 1, 1)));
        Assert.That(Count("and.b32 %r5, %r4, 7; mul.lo.s32 %r5, %r5, 128; ld.shared.b32 %r3, [%r5];").Shared, Is.EqualTo((1, 8, 1)));
        Assert.That(Count("and.b32 %r5, %r4, 0; ld.shared.b32 %r3, [%r5];").Shared, Is.EqualTo((1, 1, 1)));
        Assert.That(Count("mul.lo.s32 %r5, %r4, 16; ld.shared.v4.b32 {%r3, %r6, %r7, %r8}, [%r5];").Shared, Is.EqualTo((1, 4, 4)));
        Assert.That(Count("mul.wide.u32 %rd8, %r4, 4; add.u64 %rd8, %rd8, %rd5; ld.global.b32 %r3, [%rd8];").Loads, Is.EqualTo((1, 128, 4)));
        Assert.That(Count("mul.wide.u32 %rd8, %r4, 64; add.u64 %rd8, %rd8, %rd5; ld.global.b32 %r3, [%rd8];").Loads, Is.EqualTo((1, 128, 32)));

        PtxTally Count(string body)
        {
            var tally = new PtxTally { Counts = true };
            Run("mov.u32 %r4, %tid.x; " + body, 0, 0, new uint[Size * 16], tally: tally);
            return tally;
        }
    }

    // A kernel of one group that has a and b in %r1 and %r2, memory of the device at %rd5, a KiB of shared memory, and leaves its result in %r3.
    private static unsafe uint[] Run(string body, uint a, uint b, uint[]? memory = null, int threads = Size, PtxTally? tally = null)
    {
        var text = $$"""
            .visible .entry K(.param .b64 _to, .param .b64 _from, .param .b32 _a, .param .b32 _b)
            {
                .shared .align 16 .b8 memory[1024];
                .reg .pred %p<4>; .reg .b16 %rs<4>; .reg .b32 %r<20>; .reg .b64 %rd<10>; .reg .f32 %f<10>;
                ld.param.b64 %rd1, [_to]; ld.param.b64 %rd5, [_from]; ld.param.b32 %r1, [_a]; ld.param.b32 %r2, [_b];
                {{body}}
                mov.u32 %r0, %tid.x; mul.wide.u32 %rd2, %r0, 4; add.u64 %rd3, %rd1, %rd2; st.global.b32 [%rd3], %r3;
                ret;
            }
            """;
        var random = new Random(3);
        var device = new DriverMemory(random);
        var (to, from) = (device.Allocate(4 * threads), device.Allocate(Math.Max(4, 4 * (memory?.Length ?? 0))));
        try
        {
            memory?.CopyTo(new Span<uint>((void*)from, memory.Length));
            var kernel = PtxReader.Read(text).Single();
            var parameters = new byte[24];
            BitConverter.TryWriteBytes(parameters, (long)to);
            BitConverter.TryWriteBytes(parameters.AsSpan(8), (long)from);
            BitConverter.TryWriteBytes(parameters.AsSpan(16), a);
            BitConverter.TryWriteBytes(parameters.AsSpan(20), b);
            using var group = new PtxGroup(kernel, parameters, device, tally ?? new PtxTally(), (1, 1, 1), (threads, 1, 1), random);
            group.Run((0, 0, 0));
            return new ReadOnlySpan<uint>((void*)to, threads).ToArray();
        }
        finally
        {
            device.Free(to);
            device.Free(from);
        }
    }

    private static uint Bits(float value) => BitConverter.SingleToUInt32Bits(value);
}
