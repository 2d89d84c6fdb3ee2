using System.Buffers.Binary;
using System.Text;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;

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
