using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Kernels;

namespace Spoco.Tests.Checkpoints;

public sealed class SafeTensorsTests : FolderTests
{
    [Test]
    public void What_is_written_is_read()
    {
        var path = Sample();
        var file = SafeTensors.Open(path);
        Assert.That(file.Metadata["note"], Is.EqualTo("two \"arrays\""));
        Assert.That(file.Read("a"), Is.EqualTo(new[] { 1f, -2f, float.NaN, 0.5f, 5, 6 }));
        Assert.That(file.Entries["a"].Shape, Is.EqualTo(new long[] { 2, 3 }));
        Assert.That(file.Read("b"), Is.EqualTo(new[] { 7f }));
        Assert.That(file.Entries["count"].Type, Is.EqualTo(SafeTensorType.I64));
        Assert.That(Directory.GetFiles(Folder), Has.Length.EqualTo(1), "no temporary file is left");
    }

    [Test]
    public void Narrower_types_are_written_rounded_and_read_as_they_are()
    {
        var path = Path.Combine(Folder, "narrow.safetensors");
        float[] values = [1, -2, float.NaN, 1 / 3f, 1e30f, 3e-7f, float.NegativeInfinity];
        SafeTensors.Write(path,
        [
            new SafeTensorSource("half", [7], () => values, Stored: ElementType.F16), new SafeTensorSource("brain", [7], () => values, Stored: ElementType.BF16),
            new SafeTensorSource("single", [1, 7], () => values),
        ], new Dictionary<string, string>());
        var file = SafeTensors.Open(path);
        file.Verify();
        Assert.That(file.Entries.Values.Select(e => (e.Name, e.Type, e.Count, e.End - e.Begin)), Is.EquivalentTo(new[]
        {
            ("half", SafeTensorType.F16, 7L, 14L), ("brain", SafeTensorType.BF16, 7L, 14L), ("single", SafeTensorType.F32, 7L, 28L),
        }));
        Assert.That(file.Read("half"), Is.EqualTo(new[] { 1, -2, float.NaN, 0.333251953125f, float.PositiveInfinity, 2.98023224E-07f, float.NegativeInfinity }));
        Assert.That(file.Read("brain"), Is.EqualTo(new[] { 1, -2, float.NaN, 0.333984375f, 1.0002555517425873e30f, 2.9988587e-7f, float.NegativeInfinity }));
        Assert.That(file.Read("single"), Is.EqualTo(values));
        Assert.That(file.ReadStored("brain")[..4], Is.EqualTo(new byte[] { 0x80, 0x3f, 0x00, 0xc0 }));
        Assert.That(file.ReadStored("single"), Is.EqualTo(MemoryMarshal.AsBytes<float>(values).ToArray()));
        Assert.That(() => file.ReadStored("other"), Throws.TypeOf<InputException>());
    }

    [Test]
    public void Cut_anywhere_is_an_input_error()
    {
        var bytes = File.ReadAllBytes(Sample());
        var path = Path.Combine(Folder, "cut.safetensors");
        for (var length = 0; length < bytes.Length; length++)
        {
            File.WriteAllBytes(path, bytes[..length]);
            Assert.That(() => SafeTensors.Open(path), Throws.TypeOf<InputException>().With.Message.StartsWith(path), $"cut at {length}");
        }
    }

    [Test]
    public void Damage_anywhere_is_read_or_an_input_error()
    {
        const int seed = 11;
        var random = new Random(seed);
        var bytes = File.ReadAllBytes(Sample());
        var path = Path.Combine(Folder, "damaged.safetensors");
        for (var trial = 0; trial < 2000; trial++)
        {
            var copy = (byte[])bytes.Clone();
            for (var i = random.Next(1, 4); i > 0; i--)
                copy[random.Next(copy.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(path, copy);
            try
            {
                var file = SafeTensors.Open(path);
                foreach (var entry in file.Entries.Values.Where(e => e.Type == SafeTensorType.F32))
                    Assert.That(file.Read(entry.Name), Has.Length.EqualTo(entry.Count));
            }
            catch (InputException e)
            {
                Assert.That(e.Message, Does.Not.Contain("\n"), $"seed {seed}, trial {trial}");
            }
        }
    }

    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, TestName = "overlap")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, TestName = "hole")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 8, TestName = "bytes too many")]
    [TestCase("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, TestName = "shape and bytes differ")]
    [TestCase("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, TestName = "shape overflows")]
    [TestCase("""{"a":{"dtype":"F32","shape":[0,4611686018427387904],"data_offsets":[0,8]}}""", 8, TestName = "empty shape with bytes")]
    [TestCase("""{"a":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}""", 8, TestName = "negative extents")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, TestName = "offsets reversed")]
    [TestCase("""{"a":{"dtype":"Q7","shape":[2],"data_offsets":[0,8]}}""", 8, TestName = "unknown type")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, TestName = "twice")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1e400],"data_offsets":[0,4]}}""", 4, TestName = "number out of range")]
    [TestCase("""{"a":3}""", 4, TestName = "no object")]
    [TestCase("""[1]""", 4, TestName = "no map")]
    [TestCase("""{"__metadata__":{"x":5}}""", 0, TestName = "metadata is no string")]
    public void Lying_headers_are_input_errors(string header, int dataBytes)
    {
        var path = Path.Combine(Folder, "lie.safetensors");
        var json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, json.Length);
        json.CopyTo(bytes, 8);
        File.WriteAllBytes(path, bytes);
        Assert.That(() => SafeTensors.Open(path), Throws.TypeOf<InputException>());
    }

    [Test]
    public void A_huge_header_length_allocates_nothing()
    {
        var path = Path.Combine(Folder, "huge.safetensors");
        var bytes = new byte[64];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, long.MaxValue);
        File.WriteAllBytes(path, bytes);
        Assert.That(() => SafeTensors.Open(path), Throws.TypeOf<InputException>());
    }

    private string Sample()
    {
        var path = Path.Combine(Folder, "sample.safetensors");
        SafeTensors.Write(path,
        [
            new SafeTensorSource("a", [2, 3], () => [1, -2, float.NaN, 0.5f, 5, 6]),
            new SafeTensorSource("count", [], () => [], [42]),
            new SafeTensorSource("b", [1], () => [7]),
        ], new Dictionary<string, string> { ["note"] = "two \"arrays\"" });
        return path;
    }
}
