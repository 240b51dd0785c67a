// What is no database of ours, and what is one that this process may not open: each is told apart from a
// failing disk, and nothing is done to it.
#include "unit/store/snapshot_fixture.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace chaind::test
{
namespace
{

struct unusable_fixture : snapshot_fixture
{
    unusable_fixture() { filled(30); }

    // What opening it says.
    errc opened(std::string& said) const
    {
        auto made = store::sqlite_store::open(options(), &said);
        if (made) return errc::ok;
        for (auto const each :
             {errc::store_damaged, errc::no_access, errc::newer_schema, errc::disk_failed, errc::locked})
            if (made.error() == each) return each;
        return errc::stopped;
    }
    // By nobody in particular, to whom the folder belongs.
    std::pair<errc, std::string> opened_by_another_user() const
    {
        int ends[2] = {-1, -1};
        BOOST_TEST_REQUIRE(::pipe(ends) == 0);
        auto const child = ::fork();
        if (child == 0)
        {
            std::string said;
            bool const other = ::setgid(65534) == 0 && ::setuid(65534) == 0;
            auto const got = other ? opened(said) : errc::stopped;
            static_cast<void>(!::write(ends[1], said.data(), said.size()));
            ::_exit(static_cast<int>(got));
        }
        ::close(ends[1]);
        std::string said(4096, '\0');
        auto const length = ::read(ends[0], said.data(), said.size());
        said.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
        ::close(ends[0]);
        int status = 0;
        ::waitpid(child, &status, 0);
        return {static_cast<errc>(WEXITSTATUS(status)), said};
    }
    void open_the_way() const
    {
        BOOST_TEST_REQUIRE(::chmod(folder.c_str(), 0755) == 0);
        BOOST_TEST_REQUIRE(::chown((folder / "data").c_str(), 65534, 65534) == 0);
    }

    std::string why;
};

bool is_root()
{
    return ::geteuid() == 0;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(unusable, unusable_fixture)

BOOST_AUTO_TEST_CASE(bytes_that_are_no_database)
{
    for (auto const& bytes :
         {std::string("no database"), std::string(50'000, '\xff'), file_bytes(db()).substr(0, 5000)})
    {
        write_file(db(), bytes);
        BOOST_TEST((opened(why) == errc::store_damaged), why);
        BOOST_TEST(file_bytes(db()) == bytes);
    }
}

BOOST_AUTO_TEST_CASE(a_database_without_its_tables)
{
    tamper(db(), "DROP TABLE promised_member");
    BOOST_TEST((opened(why) == errc::store_damaged), why);
}

BOOST_AUTO_TEST_CASE(a_database_of_a_newer_version)
{
    tamper(db(), "PRAGMA user_version = 999");
    auto const before = file_bytes(db());
    BOOST_TEST((opened(why) == errc::newer_schema), why);
    BOOST_TEST(file_bytes(db()) == before);
}

// SQLite would throw the -wal away and begin an empty database.
BOOST_AUTO_TEST_CASE(a_log_whose_database_is_gone_or_empty)
{
    for (bool const gone : {true, false})
    {
        write_file(db() + "-wal", "what was written last");
        if (gone)
            std::filesystem::remove(db());
        else
            write_file(db(), "");
        BOOST_TEST((opened(why) == errc::store_damaged), why);
        BOOST_TEST(why.find("-wal") != std::string::npos);
        BOOST_TEST(file_bytes(db() + "-wal") == "what was written last");

        auto const moved_to = store::set_aside(db(), gone ? "gone" : "empty", &why);
        BOOST_TEST_REQUIRE(moved_to.has_value(), why);
        BOOST_TEST(
            file_bytes(*moved_to + "/" + std::filesystem::path(db()).filename().string() + "-wal") ==
            "what was written last"
        );
        BOOST_TEST(!std::filesystem::exists(db() + "-wal"));
    }
}

BOOST_AUTO_TEST_CASE(something_else_in_its_place_or_beside_it)
{
    for (bool const is_folder : {true, false})
    {
        for (auto const* tail : {"", "-wal", "-shm"})
        {
            BOOST_TEST_CONTEXT(tail << (is_folder ? " is a folder" : " is a pipe"))
            {
                auto const name = db() + tail;
                std::filesystem::remove(name);
                if (is_folder)
                    std::filesystem::create_directory(name);
                else
                    BOOST_TEST_REQUIRE(::mkfifo(name.c_str(), 0600) == 0);
                BOOST_TEST((opened(why) == errc::no_access), why);
                BOOST_TEST(why.find(name + (is_folder ? " is a folder" : " is no regular file")) == 0u, why);
                auto const moved_to = store::set_aside(db(), "x", &why);
                BOOST_TEST_REQUIRE(moved_to.has_value(), why);
                BOOST_TEST((opened(why) == errc::ok), why);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(
    a_database_of_another_owner_names_both, *boost::unit_test::precondition([](auto) { return is_root(); })
)
{
    open_the_way();
    std::filesystem::remove(db() + ".lock");
    auto const [got, said] = opened_by_another_user();
    BOOST_TEST((got == errc::no_access), said);
    BOOST_TEST(said.find("belongs to root") != std::string::npos, said);
}

BOOST_AUTO_TEST_CASE(
    a_file_beside_it_of_another_owner, *boost::unit_test::precondition([](auto) { return is_root(); })
)
{
    open_the_way();
    std::filesystem::remove(db() + ".lock");
    BOOST_TEST_REQUIRE(::chown(db().c_str(), 65534, 65534) == 0);
    write_file(db() + "-wal", "x");
    BOOST_TEST_REQUIRE(::chmod((db() + "-wal").c_str(), 0600) == 0);
    auto const [got, said] = opened_by_another_user();
    BOOST_TEST((got == errc::no_access), said);
    BOOST_TEST(said.find("chaind.db-wal belongs to root") != std::string::npos, said);
}

BOOST_AUTO_TEST_CASE(
    the_owner_who_took_the_right_to_write_gets_it_back,
    *boost::unit_test::precondition([](auto) { return is_root(); })
)
{
    open_the_way();
    std::filesystem::remove(db() + ".lock");
    BOOST_TEST_REQUIRE(::chown(db().c_str(), 65534, 65534) == 0);
    BOOST_TEST_REQUIRE(::chmod(db().c_str(), 0400) == 0);
    auto const [got, said] = opened_by_another_user();
    BOOST_TEST((got == errc::ok), said);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
